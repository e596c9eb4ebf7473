import { expect, it } from 'vitest';
import { parseCells, withBlock, withCell } from './sample';

it('reads what a spreadsheet puts on the clipboard', () => {
	expect(parseCells('1\tGraz\r\n2\t"a ""b""\n c"\n')).toEqual([
		['1', 'Graz'],
		['2', 'a "b"\n c'],
	]);
	expect(parseCells('x')).toEqual([['x']]);
	expect(parseCells('a\t\n\tb')).toEqual([
		['a', ''],
		['', 'b'],
	]);
});

it('changes one cell and leaves the others', () => {
	expect(
		withCell(
			[
				['1', '2'],
				['3', '4'],
			],
			1,
			0,
			'9',
		),
	).toEqual([
		['1', '2'],
		['9', '4'],
	]);
});

it('lays a pasted block over the rows, adds rows, cuts what is too wide and leaves a header out', () => {
	const example = { columns: ['a', 'b'], rows: [['1', '2']] };
	expect(withBlock(example, 0, 1, [['x', 'y'], ['z']])).toEqual([
		['1', 'x'],
		['', 'z'],
	]);
	expect(
		withBlock(example, 0, 0, [
			['a', 'b'],
			['7', '8'],
		]),
	).toEqual([['7', '8']]);
});
