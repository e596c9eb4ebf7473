import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { ownCodeDraft, pipelineDraft } from '$lib/host/fake/samples';
import Safety from './Safety.svelte';

test('known code is one line for each library, and each opens to its bytes', async () => {
	const user = userEvent.setup();
	render(Safety, { safety: pipelineDraft().safety, types: [], edit: vi.fn() });
	expect(screen.queryByRole('table')).toBeNull();
	await user.click(screen.getByText('scikit-learn'));
	expect(within(screen.getByRole('table', { name: 'scikit-learn' })).getByText('byte 118')).toBeVisible();
});

test('a row to review is accepted with a note, and the acceptance is shown with its way back', async () => {
	const user = userEvent.setup();
	const edit = vi.fn(() => Promise.resolve(null));
	const { safety } = ownCodeDraft();
	const { rerender } = render(Safety, { safety, types: [], edit });
	await user.click(screen.getByRole('button', { name: 'Accept shop.features.Ratio' }));
	await user.keyboard('our own code{Enter}');
	expect(edit).toHaveBeenCalledWith({
		kind: 'acknowledge',
		finding: 'pickle/unknown-name shop.features.Ratio',
		note: 'our own code',
	});
	const findings = safety.findings.map((finding) => ({
		...finding,
		accepted: { text: 'our own code', source: 'you' },
	}));
	await rerender({ safety: { ...safety, findings, isReviewed: true } });
	expect(screen.getByText('Loading this model runs code that you accepted')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Withdraw the acceptance of shop.features.Ratio' }));
	expect(edit).toHaveBeenLastCalledWith({
		kind: 'withdraw',
		finding: 'pickle/unknown-name shop.features.Ratio',
	});
});

test('a type of a skops file is trusted by its box', async () => {
	const user = userEvent.setup();
	const edit = vi.fn(() => Promise.resolve(null));
	const { safety, types } = ownCodeDraft();
	render(Safety, { safety, types, edit });
	await user.click(screen.getByRole('checkbox', { name: /shop\.features\.Ratio/ }));
	expect(edit).toHaveBeenCalledWith({ kind: 'setTrust', name: 'shop.features.Ratio', isTrusted: true });
});
