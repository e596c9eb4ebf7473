import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { pipelineDraft } from '$lib/host/fake/samples';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import Metadata from './Metadata.svelte';

function shown(change: Partial<Parameters<typeof render<typeof Metadata>>[1]> = {}) {
	const edit = vi.fn<(edit: EditRequest) => Promise<string | null>>(() => Promise.resolve(null));
	const { metadata, tags } = pipelineDraft();
	render(Metadata, { description: '', tags, metadata, edit, ...change });
	return { edit, user: userEvent.setup() };
}

it('counts what the card says and leads to what it does not', async () => {
	const { user } = shown();
	expect(screen.getByText('0 of 9 parts of the model card')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Licence' }));
	expect(screen.getByRole('combobox', { name: 'Licence' })).toHaveFocus();
});

it('saves a field when it is left, and shows the objection under it', async () => {
	const { edit, user } = shown();
	edit.mockResolvedValue('"Apache 2.0" is no SPDX licence; write Apache-2.0');
	await user.type(screen.getByRole('combobox', { name: 'Licence' }), 'Apache 2.0');
	await user.tab();
	expect(edit).toHaveBeenCalledWith({ kind: 'setMetadata', field: 'license', value: 'Apache 2.0' });
	expect(await screen.findByRole('alert')).toHaveTextContent('write Apache-2.0');
	expect(screen.getByRole('combobox', { name: 'Licence' })).toHaveValue('Apache 2.0');
});

it('shows Markdown without letting HTML or scripts through', async () => {
	const description = '**Churn.** <img src=x onerror=alert(1)> [no](javascript:alert(1))';
	const { user } = shown({ description });
	await user.click(screen.getByRole('button', { name: 'Preview of Description' }));
	const preview = screen.getByRole('document', { name: 'Description, as it will be shown' });
	await vi.waitFor(() => {
		expect(preview.querySelector('strong')).toHaveTextContent('Churn.');
	});
	expect(preview.querySelector('img')).toBeNull();
	expect(preview.querySelector('a')?.getAttribute('href')).toBe('');
});
