import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

type Palette = Record<string, string>;

/** The tokens that are plain colours, in each block of the file in the order in which they apply. */
function paletteOf(...queries: string[]): Palette {
	const palette: Palette = {};
	for (const block of css.split(/(?=^(?:@media|:root))/m)) {
		const query = /^@media (.*) \{/.exec(block)?.[1] ?? '';
		if (!queries.includes(query)) continue;
		for (const [, name, colour] of block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)) {
			if (name !== undefined && colour !== undefined) palette[name] = colour;
		}
	}
	return palette;
}

function luminance(colour: string): number {
	const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
		const part = parseInt(colour.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(palette: Palette, front: string, back: string): number {
	const [a, b] = [palette[front], palette[back]];
	if (a === undefined || b === undefined) throw new Error(`no colour ${front} or ${back}`);
	const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

const DARK = '(prefers-color-scheme: dark)';
const MORE = '(prefers-contrast: more)';
const SURFACES = ['surface-1', 'surface-2', 'surface-3', 'surface-float', 'hover', 'selected'];
const STATUSES = ['safe', 'review', 'unscanned', 'danger'];

describe.each([
	['light', paletteOf('')],
	['dark', paletteOf('', DARK)],
	['light, more contrast', paletteOf('', MORE)],
	['dark, more contrast', paletteOf('', DARK, MORE, `${MORE} and ${DARK}`)],
])('in %s', (_, palette) => {
	it.each(['text-1', 'text-2'])('%s can be read on every surface', (text) => {
		for (const surface of SURFACES) {
			expect(contrast(palette, text, surface), surface).toBeGreaterThanOrEqual(4.5);
		}
	});

	it('statuses can be read on the page and on their own ground', () => {
		for (const status of STATUSES) {
			expect(contrast(palette, status, 'surface-2'), status).toBeGreaterThanOrEqual(4.5);
			expect(contrast(palette, status, `${status}-soft`), status).toBeGreaterThanOrEqual(4.5);
			expect(contrast(palette, 'text-1', `${status}-soft`), status).toBeGreaterThanOrEqual(4.5);
			expect(contrast(palette, 'text-2', `${status}-soft`), status).toBeGreaterThanOrEqual(4.5);
		}
	});

	it('links, filled buttons and marks of the person can be read', () => {
		expect(contrast(palette, 'accent', 'surface-2')).toBeGreaterThanOrEqual(4.5);
		expect(contrast(palette, 'accent', 'surface-3')).toBeGreaterThanOrEqual(4.5);
		expect(contrast(palette, 'accent', 'accent-soft')).toBeGreaterThanOrEqual(4.5);
		expect(contrast(palette, 'on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
		expect(contrast(palette, 'on-accent', 'accent-hover')).toBeGreaterThanOrEqual(4.5);
		expect(contrast(palette, 'on-danger', 'danger')).toBeGreaterThanOrEqual(4.5);
	});

	it('edges of controls and the focus can be seen', () => {
		for (const surface of ['surface-1', 'surface-2', 'surface-3']) {
			expect(contrast(palette, 'line-strong', surface), surface).toBeGreaterThanOrEqual(3);
			expect(contrast(palette, 'focus', surface), surface).toBeGreaterThanOrEqual(3);
		}
	});
});
