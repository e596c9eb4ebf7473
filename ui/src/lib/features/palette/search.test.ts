import { expect, it } from 'vitest';
import { search } from './search';

const items = ['Open files…', 'Export a folder…', 'Export a zip…', 'Close churn folder', 'Folder'].map(
	(title) => ({
		id: title,
		title,
		keys: null,
		run: () => undefined,
	}),
);
const titles = (text: string) => search(items, text).map((item) => item.title);

it('shows everything for nothing', () => {
	expect(titles('  ')).toHaveLength(5);
});

it('finds all words in any order and case', () => {
	expect(titles('FOLDER export')).toEqual(['Export a folder…']);
});

it('puts titles that begin with the text first', () => {
	expect(titles('folder')).toEqual(['Folder', 'Export a folder…', 'Close churn folder']);
	expect(titles('nothing')).toEqual([]);
});
