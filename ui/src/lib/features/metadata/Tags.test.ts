import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { TagView } from '$lib/ipc/generated/TagView';
import Tags from './Tags.svelte';

function setUp(tags: TagView[] = [], answer: string | null = null) {
	const edit = vi.fn((request: EditRequest) => Promise.resolve(request.kind === 'setTag' ? answer : null));
	render(Tags, { tags, edit });
	return { edit, user: userEvent.setup() };
}

it('adds a tag with the keyboard alone and is ready for the next', async () => {
	const { edit, user } = setUp();
	await user.tab();
	await user.keyboard(' team {Tab} growth {Enter}');
	expect(edit).toHaveBeenCalledExactlyOnceWith({ kind: 'setTag', key: 'team', value: 'growth' });
	expect(screen.getByRole('textbox', { name: 'New tag key' })).toHaveFocus();
	expect(screen.getByRole('textbox', { name: 'New tag key' })).toHaveValue('');
});

it('wants a key', async () => {
	const { edit, user } = setUp();
	await user.click(screen.getByRole('button', { name: 'Add tag' }));
	expect(screen.getByRole('alert')).toHaveTextContent('A tag needs a key.');
	expect(edit).not.toHaveBeenCalled();
});

it('does not overwrite a tag that is there', async () => {
	const { edit, user } = setUp([{ key: 'team', value: 'growth' }]);
	await user.type(screen.getByRole('textbox', { name: 'New tag key' }), 'team');
	await user.click(screen.getByRole('button', { name: 'Add tag' }));
	expect(screen.getByRole('alert')).toHaveTextContent('There is a tag team already.');
	expect(edit).not.toHaveBeenCalled();
});

it('keeps what was typed when the engine refuses it', async () => {
	const { user } = setUp([], 'A key has at most 250 characters.');
	await user.type(screen.getByRole('textbox', { name: 'New tag key' }), 'long');
	await user.click(screen.getByRole('button', { name: 'Add tag' }));
	expect(screen.getByRole('alert')).toHaveTextContent('A key has at most 250 characters.');
	expect(screen.getByRole('textbox', { name: 'New tag key' })).toHaveValue('long');
});

it('renames a key, changes a value and removes a tag in place', async () => {
	const { edit, user } = setUp([{ key: 'team', value: 'growth' }]);
	await user.click(screen.getByRole('button', { name: 'Key team: team' }));
	await user.keyboard('group{Enter}');
	expect(edit).toHaveBeenLastCalledWith({ kind: 'renameTag', from: 'team', to: 'group' });
	await user.click(screen.getByRole('button', { name: 'Value of team: growth' }));
	await user.keyboard('sales{Enter}');
	expect(edit).toHaveBeenLastCalledWith({ kind: 'setTag', key: 'team', value: 'sales' });
	await user.click(screen.getByRole('button', { name: 'Remove tag team' }));
	expect(edit).toHaveBeenLastCalledWith({ kind: 'removeTag', key: 'team' });
});

it('is one tab stop, with arrow keys inside', async () => {
	const { user } = setUp([
		{ key: 'team', value: 'growth' },
		{ key: 'task', value: 'churn' },
	]);
	const table = within(screen.getByRole('table', { name: 'Tags' }));
	await user.tab();
	expect(table.getByRole('button', { name: 'Key team: team' })).toHaveFocus();
	await user.keyboard('{ArrowRight}{ArrowDown}');
	expect(table.getByRole('button', { name: 'Value of task: churn' })).toHaveFocus();
	await user.keyboard('{Home}{ArrowUp}');
	expect(table.getByRole('button', { name: 'Key team: team' })).toHaveFocus();
	await user.tab();
	expect(screen.getByRole('textbox', { name: 'New tag key' })).toHaveFocus();
});
