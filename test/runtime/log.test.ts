import { describe, expect, it } from 'vitest';
import { SignetError } from '../../src/runtime/errors.ts';
import { createLogger, type LogLevel } from '../../src/runtime/log.ts';

function loggerInto(lines: string[], level: LogLevel = 'info') {
  return createLogger(level, { write: (line: string) => void lines.push(line) });
}

describe('createLogger', () => {
  it('writes one JSON object a line, with the level by name and the time in UTC', () => {
    const lines: string[] = [];
    loggerInto(lines).info({ port: 1 }, 'listening');
    expect(lines).toHaveLength(1);
    const entry = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(entry).toMatchObject({ level: 'info', port: 1, msg: 'listening' });
    expect(entry['time']).toMatch(/^\d{4}-.*Z$/);
    expect(Object.keys(entry)).not.toContain('hostname');
  });

  it('writes nothing below its level', () => {
    const lines: string[] = [];
    loggerInto(lines, 'warn').info('quiet');
    expect(lines).toEqual([]);
  });

  it('writes an error with its reason, its details and every cause', () => {
    const lines: string[] = [];
    const cause = new Error('disk full', { cause: 'ENOSPC' });
    const err = new SignetError('internal', { details: { attempt: 2 }, cause });
    loggerInto(lines).error({ err }, 'failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      err: {
        type: 'SignetError',
        reason: 'internal',
        attempt: 2,
        cause: { message: 'disk full', cause: { message: 'ENOSPC' } },
      },
    });
  });
});
