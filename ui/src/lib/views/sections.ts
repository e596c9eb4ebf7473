import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { SectionId } from '$lib/ipc/generated/SectionId';

/** The sections of a draft page, in order. Each has the same key in every draft, and in the native menu. */
export const SECTIONS: readonly { id: SectionId; title: string; key: string }[] = [
	{ id: 'overview', title: 'Overview', key: '1' },
	{ id: 'structure', title: 'Structure', key: '2' },
	{ id: 'signature', title: 'Signature', key: '3' },
	{ id: 'environment', title: 'Environment', key: '4' },
	{ id: 'metadata', title: 'Metadata', key: '5' },
	{ id: 'safety', title: 'Safety', key: '6' },
	{ id: 'checks', title: 'Checks', key: '7' },
	{ id: 'files', title: 'Files', key: '8' },
];

/** The sections that a draft has: what cannot become a package has nothing to author, unless code can still change that. */
export function sectionsOf(draft: DraftView): typeof SECTIONS {
	const canAuthor = draft.flavor !== null || draft.modules.length > 0;
	return SECTIONS.filter(({ id }) => {
		if (id === 'structure') return draft.hasStructure;
		return canAuthor || id === 'overview' || id === 'safety';
	});
}

/** The section being read: the last one whose top has passed the line, or the first. */
export function sectionAt(tops: readonly { id: SectionId; top: number }[], line: number): SectionId {
	const passed = tops.filter(({ top }) => top <= line);
	return passed.at(-1)?.id ?? 'overview';
}
