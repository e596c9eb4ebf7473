import { expect, it } from 'vitest';
import { COLUMN_TYPES, OTHER, parseNames, parseShape, repeatedNames, typeChoices } from './types';

it('reads names from lines, commas, tabs and a quoted CSV header', () => {
	expect(parseNames('age\n income \r\n\n')).toEqual(['age', 'income']);
	expect(parseNames('"age","zip code";city\tstreet')).toEqual(['age', 'zip code', 'city', 'street']);
	expect(parseNames(' \n')).toEqual([]);
});

it('finds names that stand more than once', () => {
	expect(repeatedNames(['a', 'b', 'a', 'a', 'b'])).toEqual(['a', 'b']);
	expect(repeatedNames(['a', 'b'])).toEqual([]);
});

it.each([
	['[-1, 4]', [-1, 4]],
	['-1,4', [-1, 4]],
	['(n, 3, 224, 224)', [-1, 3, 224, 224]],
	['[None, ?]', [-1, -1]],
	['(-1,)', [-1]],
	['', []],
	['four', null],
	['-2', null],
	['1.5', null],
	['1,,2', null],
])('reads the shape %j', (text, shape) => {
	expect(parseShape(text)).toEqual(shape);
});

it('offers the scalar types first, then nested ones, and never hides the present one', () => {
	expect(typeChoices('columns', 'double').slice(0, 8)).toEqual(COLUMN_TYPES);
	expect(typeChoices('columns', 'double').at(-1)).toBe(OTHER);
	expect(typeChoices('columns', 'Map(long)')[0]).toBe('Map(long)');
	expect(typeChoices('tensors', 'float32')).toContain('int64');
});
