// What a verifier can find wrong with a log.

/** Each problem says what does not fit; whoever reads it decides what happened. */
export type Problem =
  /** No row has this index. */
  | 'entry.missing'
  /** The data does not hash to the leaf hash beside it. */
  | 'entry.body'
  | 'entry.malformed'
  /** Another entry of its tile stands in its place. */
  | 'entry.moved'
  /** A whole other entry stands in its place. */
  | 'entry.replaced'
  /** A column is not what the data says. */
  | 'entry.column'
  /** It lies beyond the head. */
  | 'entry.surplus'
  | 'tile.missing'
  | 'tile.wrong'
  | 'head.missing'
  | 'head.size'
  | 'head.root'
  | 'head.range'
  /** Not a checkpoint, or not signed by the key of this log. */
  | 'checkpoint.signature'
  /** It is signed, but for another size or root than it is stored under. */
  | 'checkpoint.misplaced'
  /** It is signed, and the entries do not add up to it. */
  | 'checkpoint.root'
  /** It promises more entries than there are: the log was cut off. */
  | 'checkpoint.beyond'
  /** There is none for the size of the head. */
  | 'checkpoint.missing'
  | 'serial.duplicate'
  /** The certificate's issuer was not in the log before it. */
  | 'authority.unknown'
  /** The certificate's issuer had been retired or revoked. */
  | 'authority.ended'
  /** The certificate outlives its issuer. */
  | 'authority.outlived';

export interface Finding {
  readonly problem: Problem;
  /** Index of the entry, number of the tile, or size of the tree. */
  readonly at: number;
  /** Name of a column or level of a tile. */
  readonly what?: string;
}
