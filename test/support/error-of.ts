// The whole error an action fails with, for tests that look at its details.
import { SignetError } from '../../src/runtime/errors.ts';

/** Undefined if it succeeds. Any other kind of error is let through. */
export async function errorOf(action: () => unknown): Promise<SignetError | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof SignetError) return error;
    throw error;
  }
}
