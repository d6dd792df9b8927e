// Structured logs: one JSON object a line, on standard error unless told otherwise. Secrets and raw
// input are never handed to a logger, so nothing here has to redact them.
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { SignetError } from './errors.ts';

export type { Logger } from 'pino';

export type LogLevel = 'debug' | 'error' | 'fatal' | 'info' | 'silent' | 'trace' | 'warn';

export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError },
  };
  return pino(options, destination ?? pino.destination({ fd: 2, sync: true }));
}

/** For tests and short commands. */
export const silentLogger: Logger = pino({ level: 'silent' });

/** Writes the whole chain of causes, for the log is where they can be looked up. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const named = error instanceof SignetError ? { reason: error.reason, ...error.details } : {};
  return {
    type: error.name,
    ...named,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}
