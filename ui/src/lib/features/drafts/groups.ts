import type { DraftView } from '$lib/ipc/generated/DraftView';

/** Drafts of one span of time, newest first. */
export interface DraftGroup {
	title: string;
	drafts: DraftView[];
}

/** Today's drafts, then those of before; newest first, empty groups left out. */
export function groupByDay(drafts: DraftView[], now: Date): DraftGroup[] {
	const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
	const newestFirst = [...drafts].sort((a, b) => b.openedAtMillis - a.openedAtMillis);
	return [
		{ title: 'Today', drafts: newestFirst.filter((draft) => draft.openedAtMillis >= midnight) },
		{ title: 'Earlier', drafts: newestFirst.filter((draft) => draft.openedAtMillis < midnight) },
	].filter((group) => group.drafts.length > 0);
}
