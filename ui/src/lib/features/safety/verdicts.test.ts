import { expect, test } from 'vitest';
import type { FindingView } from '$lib/ipc/generated/FindingView';
import { groupsOf } from './verdicts';

function finding(what: string, library: string): FindingView {
	return { rule: 'r', key: what, severity: 'info', what, library, accepted: null, place: 'byte 1', why: '' };
}

test('known code is grouped by library, the largest first and what has none last', () => {
	const groups = groupsOf([
		finding('builtins.list', ''),
		finding('builtins.set', ''),
		finding('builtins.dict', ''),
		finding('numpy.dtype', 'numpy'),
		finding('sklearn.svm.SVC', 'scikit-learn'),
		finding('sklearn.svm.NuSVC', 'scikit-learn'),
	]);
	expect(groups.map(({ title, findings }) => [title, findings.length])).toEqual([
		['scikit-learn', 2],
		['numpy', 1],
		['Python and the file itself', 3],
	]);
});
