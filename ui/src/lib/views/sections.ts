import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { SectionId } from '$lib/ipc/generated/SectionId';

/** The sections of a draft page, in order. */
export const SECTIONS: readonly { id: SectionId; title: string }[] = [
	{ id: 'overview', title: 'Overview' },
	{ id: 'signature', title: 'Signature' },
	{ id: 'environment', title: 'Environment' },
	{ id: 'metadata', title: 'Metadata' },
	{ id: 'safety', title: 'Safety' },
	{ id: 'files', title: 'Files' },
];

/** The sections that a draft has: what cannot become a package has nothing to author, unless code can still change that. */
export function sectionsOf(draft: DraftView): typeof SECTIONS {
	if (draft.flavor !== null || draft.modules.length > 0) return SECTIONS;
	return SECTIONS.filter(({ id }) => id === 'overview' || id === 'safety');
}

/** The section being read: the last one whose top has passed the line, or the first. */
export function sectionAt(tops: readonly { id: SectionId; top: number }[], line: number): SectionId {
	const passed = tops.filter(({ top }) => top <= line);
	return passed.at(-1)?.id ?? 'overview';
}
