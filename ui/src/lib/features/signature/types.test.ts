import { expect, it } from 'vitest';
import { parseNames, parseShape, repeatedNames, typeChoices } from './types';

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

it('offers the eight scalar types for columns and never hides the present one', () => {
	expect(typeChoices('columns', 'double')).toHaveLength(8);
	expect(typeChoices('columns', 'array<long>')[0]).toBe('array<long>');
	expect(typeChoices('tensors', 'float32')).toContain('int64');
});
