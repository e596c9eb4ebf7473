import { expect, it } from 'vitest';
import type { StructureRowView } from '$lib/ipc/generated/StructureRowView';
import { pieces, Tree, wordsOf } from './tree';
import { sharesOfRows } from './weights';

function row(depth: number, name: string, more: Partial<StructureRowView> = {}): StructureRowView {
	const rest = { class: 'Block', path: 'm.Block', detail: null, output: null, hidden: 0 };
	return { ...rest, depth, name, nParameters: null, sizeBytes: null, ...more };
}

const rows = [row(0, ''), row(1, 'body'), row(2, '0'), row(3, 'conv'), row(2, '1'), row(1, 'head')];

function names(tree: Tree, open: ReadonlySet<number>, search = ''): string[] {
	return tree.shown(open, wordsOf(search)).map(({ row: { name } }) => name);
}

it('shows what lies in open rows only', () => {
	const tree = new Tree(rows);
	expect(names(tree, new Set())).toEqual(['']);
	expect(names(tree, new Set([0]))).toEqual(['', 'body', 'head']);
	// What is open inside of a closed row is not seen.
	expect(names(tree, new Set([0, 2]))).toEqual(['', 'body', 'head']);
	expect(names(tree, new Set([0, 1, 2]))).toEqual(['', 'body', '0', 'conv', '1', 'head']);
});

it('opens a small tree whole, and of a large one the levels that stay in view', () => {
	expect(names(new Tree(rows), new Tree(rows).openAtFirst())).toHaveLength(6);
	const large = new Tree([
		row(0, ''),
		...Array.from({ length: 30 }, (_, at) => [row(1, `${at}`), row(2, 'a'), row(2, 'b')]).flat(),
	]);
	expect(names(large, large.openAtFirst())).toHaveLength(31);
});

it('keeps with a search what holds all words and what that lies in', () => {
	const tree = new Tree(rows);
	expect(names(tree, new Set(), 'CONV')).toEqual(['', 'body', '0', 'conv']);
	expect(names(tree, new Set(), 'head block')).toEqual(['', 'head']);
	expect(names(tree, new Set(), 'nothing')).toEqual([]);
	expect(tree.countFound(['conv'])).toBe(1);
});

it('names a row with what it lies in and copies it as a line of a table', () => {
	const tree = new Tree([
		...rows.slice(0, 3),
		row(3, 'conv', { output: '? × 4', nParameters: 112, sizeBytes: 448 }),
	]);
	expect(tree.line(3)).toBe('body.0.conv\tBlock\t\t? × 4\t112\t448');
	expect(tree.table().split('\n')).toHaveLength(5);
	expect(tree.parentOf(3)).toBe(2);
});

it('marks the words that were searched for, wherever they overlap', () => {
	expect(pieces('Conv2d', ['conv', 'nv2'])).toEqual([
		{ text: 'Conv2', isFound: true },
		{ text: 'd', isFound: false },
	]);
	expect(pieces('x', [])).toEqual([{ text: 'x', isFound: false }]);
});

it('stays quick with 20,000 rows', () => {
	const many = new Tree([
		row(0, ''),
		...Array.from({ length: 20_000 }, (_, at) => row(1 + (at % 2), `${at}`)),
	]);
	const start = performance.now();
	expect(many.shown(many.parents(), [])).toHaveLength(20_001);
	expect(many.shown(new Set(), ['1999'])).not.toHaveLength(0);
	// Some milliseconds; generous for a busy machine, and far below what squares would take.
	expect(performance.now() - start).toBeLessThan(1000);
});

it('finds where the bytes are on the first level that has more than one part', () => {
	const sized = [
		row(0, '', { sizeBytes: 10 }),
		row(1, 'model', { sizeBytes: 10 }),
		row(2, 'small', { sizeBytes: 3 }),
		row(2, 'large', { sizeBytes: 7 }),
		row(3, 'inner', { sizeBytes: 7 }),
	];
	expect(sharesOfRows(sized)).toEqual([
		{ name: 'large', bytes: 7 },
		{ name: 'small', bytes: 3 },
	]);
	expect(sharesOfRows(rows)).toEqual([]);
});
