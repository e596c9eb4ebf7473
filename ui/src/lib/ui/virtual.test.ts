import { expect, it } from 'vitest';
import { windowOf } from './virtual';

it('draws the rows in view and some around them', () => {
	const { start, end } = windowOf(500, 32, 3200, 640);
	expect(start).toBeLessThan(100);
	expect(start).toBeGreaterThan(80);
	expect(end).toBeGreaterThanOrEqual(120);
	expect(end - start).toBeLessThan(60);
});

it('stays inside the table at both ends', () => {
	expect(windowOf(500, 32, -4000, 640)).toEqual({ start: 0, end: 0 });
	expect(windowOf(500, 32, 0, 640).start).toBe(0);
	expect(windowOf(500, 32, 15_800, 640).end).toBe(500);
	expect(windowOf(500, 32, 99_999, 640)).toEqual({ start: 500, end: 500 });
});
