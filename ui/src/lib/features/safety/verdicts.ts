import type { FindingView } from '$lib/ipc/generated/FindingView';
import type { VerdictView } from '$lib/ipc/generated/VerdictView';

/** Each verdict in one plain sentence, and what follows from it. */
export type VerdictTexts = Record<VerdictView | 'reviewed', { headline: string; advice: string }>;

/** The verdicts on a model file. */
export const VERDICTS: VerdictTexts = {
	safe: {
		headline: 'Loading this model is safe',
		advice: 'The whole file was read. It uses only code that its framework is known to need.',
	},
	reviewed: {
		headline: 'Loading this model runs code that you accepted',
		advice: 'The whole file was read. Everything that is on no known list was accepted by you.',
	},
	review: {
		headline: 'Loading this model runs code that Packwright does not know',
		advice: 'Load it only if you trust where the code below comes from.',
	},
	unscanned: {
		headline: 'This file could not be read completely',
		advice: 'What was not read may hold anything. Load it only if you trust where it comes from.',
	},
	dangerous: {
		headline: 'Loading this model is dangerous',
		advice: 'Do not load it. If you expected a plain model, the file was tampered with.',
	},
};

/** The verdicts on a package, where everything in it was looked at. */
export const PACKAGE_VERDICTS: VerdictTexts = {
	...VERDICTS,
	safe: {
		headline: 'Loading this package is safe',
		advice: 'Every file in it was read. It uses only code that its frameworks are known to need.',
	},
	review: {
		headline: 'Loading this package runs code that Packwright does not know',
		advice: 'Load it only if you trust where the code below comes from.',
	},
	unscanned: {
		headline: 'This package could not be read completely',
		advice: 'What was not read may hold anything. Load it only if you trust where it comes from.',
	},
	dangerous: {
		headline: 'Loading this package is dangerous',
		advice: 'Do not load it. If you expected a plain model, the package was tampered with.',
	},
};

/** Findings that need no attention, of one library. */
export interface Group {
	title: string;
	/** What is counted. */
	noun: string;
	findings: FindingView[];
}

/** The findings by library, largest group first; what belongs to none comes last. */
export function groupsOf(findings: FindingView[]): Group[] {
	const groups = new Map<string, FindingView[]>();
	for (const finding of findings) {
		groups.set(finding.library, [...(groups.get(finding.library) ?? []), finding]);
	}
	return [...groups]
		.sort(([a, one], [b, other]) => Number(a === '') - Number(b === '') || other.length - one.length)
		.map(([library, found]) => ({
			title: library === '' ? 'Python and the file itself' : library,
			noun: library === '' ? 'finding' : 'name',
			findings: found,
		}));
}
