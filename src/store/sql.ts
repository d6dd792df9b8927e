// The handle through which changes and queries reach the database: knex's query builder, bound to one
// connection, hence to the transaction that is open on it.
import type { Knex } from 'knex';

/** Starts a query of a table. The row type is what the migrations make of the table. */
export type Sql = <Row extends object>(table: string) => Knex.QueryBuilder<Row, Row[]>;

/** The row count of a query that counts `n`. */
export interface Count {
  readonly n: number | string;
}
