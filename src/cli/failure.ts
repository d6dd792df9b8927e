// A failure as people read it: which rule was broken, what to do.
import { SignetError } from '../runtime/errors.ts';
import { Refusal } from './refusal.ts';
import type { Style } from './style.ts';

/** Two lines, and one for each part of a request that was refused. */
export function describeFailure(thrown: unknown, style: Style): string {
  const error = SignetError.from(thrown);
  const [rule = error.message, ...advice] = error.message.split(': ');
  const todo = advice.length > 0 ? advice.join(': ') : 'see signet help, or the log of the server';
  const lines = [
    `${style.bad('error:')} ${placeOf(error)}${rule}${subjectOf(error)} [${error.reason}]`,
    ...(error instanceof Refusal ? (error.problem.errors ?? []).map(flawText) : []),
    `${style.dim('do:')}    ${meantOf(error) ?? todo}`,
  ];
  if (error.reason === 'internal' && error.cause instanceof Error) {
    lines.splice(1, 0, `       ${firstLine(error.cause.message)}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `server.yaml:4:3: ` */
function placeOf({ details }: SignetError): string {
  const { file, line, column } = details;
  if (file === undefined) return '';
  return line === undefined ? `${file}: ` : `${file}:${line}:${column ?? 1}: `;
}

function subjectOf(error: SignetError): string {
  const { key, within } = error.details;
  if (error instanceof Refusal && error.problem.existing !== undefined) {
    return ` (${firstLine(error.problem.existing)})`;
  }
  if (key !== undefined && key !== '') return ` (${key})`;
  return within === undefined ? '' : ` (in ${within})`;
}

function meantOf({ details }: SignetError): string | undefined {
  if (details['nearest'] !== undefined) return `did you mean ${details['nearest']}?`;
  if (details['known'] !== undefined) return `known here: ${details['known']}`;
  return undefined;
}

function flawText({ pointer, detail }: { pointer: string; detail: string }): string {
  return `       ${firstLine(pointer)}: ${firstLine(detail)}`;
}

function firstLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}].*/gsu, '');
}
