// The asynchronous counterpart of `reasonOf`.
import { SignetError } from '../../src/runtime/errors.ts';

/** The SignetError a promise rejects with, or undefined. Any other kind of error is let through. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<SignetError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof SignetError) return error;
    throw error;
  }
}
