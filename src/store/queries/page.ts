// Bounds on what a reader may ask for.
import { SignetError } from '../../runtime/errors.ts';

const maxPage = 1000;
const maxSelectors = 256;

/** @throws SignetError `query.page` */
export function checkPage(size: number, before = 0): void {
  if (!Number.isInteger(size) || size < 1 || size > maxPage || !isIndex(before)) {
    throw new SignetError('query.page');
  }
}

/** @throws SignetError `query.selectors` */
export function checkSelectors(selectors: readonly string[]): void {
  if (selectors.length > maxSelectors) throw new SignetError('query.selectors');
}

export function isIndex(index: number): boolean {
  return Number.isSafeInteger(index) && index >= 0;
}
