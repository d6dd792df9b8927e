// Text from outside that goes into records: short, on one line, and without control characters.

export function printable(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replaceAll(/[^\x20-\x7e]/g, '\u{FFFD}');
}
