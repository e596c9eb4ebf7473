import { expect, it } from 'vitest';
import { pipelineDraft } from '$lib/host/fake/samples';
import type { DraftView } from '$lib/ipc/generated/DraftView';
import { sectionAt, SECTIONS, sectionsOf } from './sections';

const tops = SECTIONS.map(({ id }, index) => ({ id, top: index * 500 }));

it('is the last section whose top has passed the line', () => {
	expect(sectionAt(tops, 499)).toBe('overview');
	expect(sectionAt(tops, 500)).toBe('structure');
	expect(sectionAt(tops, 9999)).toBe('files');
});

it('is the first before any has', () => {
	expect(sectionAt(tops, -10)).toBe('overview');
});

it('leaves out what authors a package when none can be made', () => {
	const draft = { ...pipelineDraft(), flavor: null };
	const ids = (of: DraftView) => sectionsOf(of).map(({ id, key }) => `${key} ${id}`);
	expect(ids(draft)).toEqual(['1 overview', '2 structure', '6 safety']);
	expect(ids({ ...draft, hasStructure: false })).toEqual(['1 overview', '6 safety']);
	expect(sectionsOf(pipelineDraft())).toEqual(SECTIONS);
});
