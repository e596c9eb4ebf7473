import { expect, test } from 'vitest';
import { FirstRows } from './firstRows.svelte';

test('a long list shows its first rows and counts the rest until all are asked for', () => {
	const list = [1, 2, 3, 4, 5];
	const rows = new FirstRows(() => list, 2);
	expect([rows.shown, rows.hidden]).toEqual([[1, 2], 3]);
	rows.showAll();
	expect([rows.shown, rows.hidden]).toEqual([list, 0]);
	const short = new FirstRows(() => list, 5);
	expect([short.shown, short.hidden]).toEqual([list, 0]);
});
