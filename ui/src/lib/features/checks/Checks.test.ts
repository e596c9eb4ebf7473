import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { placesOf } from '$lib/host/fake/places';
import { boosterDraft, pipelineDraft } from '$lib/host/fake/samples';
import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { PlaceReportView } from '$lib/ipc/generated/PlaceReportView';
import Checks from './Checks.svelte';
import { summaryOf } from './summary';

const sections = [{ id: 'signature', title: 'Signature' }] as const;

function named(text: string): DraftView {
	return { ...pipelineDraft(), name: { text, source: 'you' } };
}

function show(
	draft: DraftView,
	preflight: (draft: DraftView) => Promise<PlaceReportView[]> = (of) => Promise.resolve(placesOf(of)),
) {
	const edit = vi.fn((): Promise<string | null> => Promise.resolve(null));
	const ongoto = vi.fn();
	const page = render(Checks, { draft, sections, preflight, edit, ongoto });
	return { ...page, edit, ongoto, user: userEvent.setup() };
}

it('has a line for each place, with the worst rule in words', async () => {
	show(named('churn_model'));
	const table = await screen.findByRole('table', { name: 'Places' });
	const sagemaker = within(table).getByRole('row', { name: /Amazon SageMaker/ });
	expect(sagemaker).toHaveTextContent('Fails');
	expect(sagemaker).toHaveTextContent('does not take “churn_model” as a name');
	expect(screen.queryByRole('list')).toBeNull();
});

it('mends a rule by its edit, and looks again at the draft that this gives', async () => {
	const { edit, rerender, user } = show(named('churn_model'));
	const toggle = await screen.findByRole('button', { name: 'Amazon SageMaker' });
	await user.click(toggle);
	await user.click(screen.getByRole('button', { name: 'Name it churn-model, for Amazon SageMaker' }));
	expect(edit).toHaveBeenCalledWith({ kind: 'setName', name: 'churn-model' });
	expect(toggle).toHaveFocus();
	await rerender({ draft: named('churn-model') });
	const rules = within(screen.getByRole('list', { name: 'Rules of Amazon SageMaker' }));
	expect(await rules.findByText('“churn-model” is a name that it takes.')).toBeVisible();
	expect(rules.queryByRole('button')).toBeNull();
	expect(screen.getByRole('row', { name: /^Amazon SageMaker/ })).toHaveTextContent('Passes');
});

it('says why an edit was refused', async () => {
	const { edit, user } = show(named('churn_model'));
	edit.mockResolvedValue('The name is too long.');
	await user.click(await screen.findByRole('button', { name: 'Amazon SageMaker' }));
	await user.click(screen.getByRole('button', { name: /Name it/ }));
	expect(await screen.findByRole('alert')).toHaveTextContent('The name is too long.');
});

it('leads to the section where only the person can mend it', async () => {
	const { ongoto, rerender, user } = show(boosterDraft());
	await user.click(await screen.findByRole('button', { name: 'Databricks Unity Catalog' }));
	await user.click(screen.getByRole('button', { name: 'Go to Signature' }));
	expect(ongoto).toHaveBeenCalledWith('signature');
	await rerender({ sections: [] });
	expect(screen.queryByRole('button', { name: 'Go to Signature' })).toBeNull();
});

it('shows no answer about a draft that is no more', async () => {
	const answers: ((reports: PlaceReportView[]) => void)[] = [];
	const preflight = () => new Promise<PlaceReportView[]>((resolve) => answers.push(resolve));
	const { rerender } = show(named('a_b'), preflight);
	await rerender({ draft: named('a-b') });
	expect(answers).toHaveLength(2);
	answers[1]?.(placesOf(named('a-b')));
	answers[0]?.(placesOf(named('a_b')));
	expect(await screen.findByRole('row', { name: /Amazon SageMaker/ })).toHaveTextContent('Passes');
});

it('says that the checks could not be made', async () => {
	// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
	show(pipelineDraft(), () => Promise.reject({ code: 'internal', message: 'x' }));
	expect(await screen.findByRole('alert')).toHaveTextContent('could not be made');
});

it('sums the rules up', () => {
	const check = (outcome: 'pass' | 'warn', text: string) => ({ outcome, text, fix: null });
	const both = [check('warn', 'A.'), check('warn', 'B.'), check('pass', 'C.')];
	expect(summaryOf(both, false)).toBe('A. And 1 more.');
	expect(summaryOf(both, true)).toBe('3 rules, 2 to look at');
	expect(summaryOf([check('pass', 'C.')], true)).toBe('1 rule, all hold');
});
