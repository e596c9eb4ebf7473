import { expect, it } from 'vitest';
import { boosterDraft, pipelineDraft } from '$lib/host/fake/samples';
import { groupByDay } from './groups';

const NOON = new Date(2026, 10, 24, 12);
const at = (hours: number) => NOON.getTime() + hours * 3_600_000;

it('puts the newest first and yesterday apart', () => {
	const old = { ...pipelineDraft('old'), openedAtMillis: at(-13) };
	const morning = { ...pipelineDraft('morning'), openedAtMillis: at(-3) };
	const now = { ...boosterDraft('now'), openedAtMillis: at(0) };
	const groups = groupByDay([old, morning, now], NOON);
	expect(groups.map((group) => [group.title, group.drafts.map((draft) => draft.id)])).toEqual([
		['Today', ['now', 'morning']],
		['Earlier', ['old']],
	]);
});

it('leaves empty groups out', () => {
	expect(groupByDay([], NOON)).toEqual([]);
});
