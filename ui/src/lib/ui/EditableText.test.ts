import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import EditableText from './EditableText.svelte';

function setUp(answer: string | null = null) {
	const oncommit = vi.fn(() => Promise.resolve(answer));
	render(EditableText, { value: 'iris', label: 'Name', oncommit });
	return { oncommit, user: userEvent.setup() };
}

it('commits with Enter and gives the focus back', async () => {
	const { oncommit, user } = setUp();
	await user.click(screen.getByRole('button', { name: 'Name: iris' }));
	await user.keyboard('petals{Enter}');
	expect(oncommit).toHaveBeenCalledExactlyOnceWith('petals');
	expect(screen.getByRole('button', { name: 'Name: iris' })).toHaveFocus();
});

it('begins with the keyboard, with the whole text selected', async () => {
	const { user } = setUp();
	await user.tab();
	await user.keyboard('{Enter}');
	const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Name' });
	expect(field).toHaveFocus();
	expect([field.selectionStart, field.selectionEnd]).toEqual([0, 4]);
});

it('reverts with Escape and commits nothing', async () => {
	const { oncommit, user } = setUp();
	await user.click(screen.getByRole('button'));
	await user.keyboard('petals{Escape}');
	expect(oncommit).not.toHaveBeenCalled();
	expect(screen.getByRole('button', { name: 'Name: iris' })).toBeInTheDocument();
});

it('commits when the field is left', async () => {
	const { oncommit, user } = setUp();
	await user.click(screen.getByRole('button'));
	await user.keyboard('petals');
	await user.click(document.body);
	expect(oncommit).toHaveBeenCalledExactlyOnceWith('petals');
});

it('does not commit what did not change', async () => {
	const { oncommit, user } = setUp();
	await user.click(screen.getByRole('button'));
	await user.keyboard('{Enter}');
	expect(oncommit).not.toHaveBeenCalled();
});

it('keeps a refused text in the field, with the reason', async () => {
	const { user } = setUp('A name has no slashes.');
	await user.click(screen.getByRole('button'));
	await user.keyboard('a/b{Enter}');
	const field = screen.getByRole('textbox', { name: 'Name' });
	expect(field).toHaveValue('a/b');
	expect(field).toBeInvalid();
	expect(field).toHaveAccessibleDescription('A name has no slashes.');
	expect(screen.getByRole('alert')).toHaveTextContent('A name has no slashes.');
});
