import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { generatedCodeDraft } from '$lib/host/fake/samples';
import type { CodeView } from '$lib/ipc/generated/CodeView';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import Files from './Files.svelte';
import { diff } from './diff';
import { indent, newLine, outdent, type Typed } from './typing';

function apply(text: string, typed: Typed): string {
	const [start, end] = typed.selection;
	const changed = text.slice(0, typed.from) + typed.text + text.slice(typed.to);
	return `${changed.slice(0, start)}[${changed.slice(start, end)}]${changed.slice(end)}`;
}

it('indents at the cursor to the next column, and all selected lines', () => {
	expect(apply('ab', indent('ab', 2, 2))).toBe('ab  []');
	expect(apply('a\n\nb\nc', indent('a\n\nb\nc', 0, 5))).toBe('[    a\n\n    b]\nc');
	expect(apply('      a', outdent('      a', 7, 7))).toBe('  a[]');
	expect(apply('\ta\nb', outdent('\ta\nb', 0, 4))).toBe('[a\nb]');
});

it('keeps the indent on a new line, and goes further in after a colon', () => {
	expect(apply('  a', newLine('  a', 3, 3))).toBe('  a\n  []');
	expect(apply('def f():', newLine('def f():', 8, 8))).toBe('def f():\n    []');
});

it('compares by lines', () => {
	const kinds = (before: string, after: string) =>
		diff(before, after).map(({ kind, text }) => `${kind[0] ?? ''} ${text}`);
	expect(kinds('a\nb\nc', 'a\nx\nc\nd')).toEqual(['s a', 'o b', 'n x', 's c', 'n d']);
	expect(kinds('a', 'a')).toEqual(['s a']);
	expect(kinds('', 'a')).toEqual(['o ', 'n a']);
});

// jsdom has no editing commands; the editor then changes the text itself.
Object.assign(document, { execCommand: () => false });

function show(change: Partial<CodeView> = {}) {
	const draft = generatedCodeDraft();
	const files = draft.files.map((file) =>
		file.code === null ? file : { ...file, code: { ...file.code, ...change } },
	);
	const edit = vi.fn<(edit: EditRequest) => Promise<string | null>>(() => Promise.resolve(null));
	render(Files, { files, edit });
	return { edit, user: userEvent.setup() };
}

async function openEditor(user: ReturnType<typeof userEvent.setup>) {
	await user.click(screen.getByRole('button', { name: /_loader\.py$/ }));
	return screen.getByRole<HTMLTextAreaElement>('textbox', { name: /^Text of code\/mlpack/ });
}

it('edits a generated file, and leaves the others as they are', async () => {
	const { edit, user } = show();
	await user.click(screen.getByRole('button', { name: 'MLmodel' }));
	expect(screen.queryByRole('textbox')).not.toBeInTheDocument();
	const area = await openEditor(user);
	await user.click(area);
	area.setSelectionRange(0, 0);
	await user.keyboard('# mine{Enter}');
	await user.tab();
	expect(area.value.startsWith('# mine\n    import')).toBe(true);
	expect(area).toHaveFocus();
	await user.keyboard('{Escape}');
	await user.tab();
	expect(area).not.toHaveFocus();
	const last = edit.mock.lastCall?.[0];
	expect(last).toMatchObject({ kind: 'setGenerated', file: 'loader.py' });
	expect(last?.kind === 'setGenerated' && last.text.startsWith('# mine\n')).toBe(true);
});

it('sends no empty file, and says so', async () => {
	const { edit, user } = show();
	await user.clear(await openEditor(user));
	await user.keyboard('{Escape}');
	await user.tab();
	expect(screen.getByRole('alert')).toHaveTextContent('An empty file is not packed');
	expect(edit).not.toHaveBeenCalled();
});

it('says what is wrong, compares with what was generated, and goes back to it', async () => {
	const generated = 'import joblib\nold = 1\n';
	const { edit, user } = show({ edited: true, generated, problem: { line: 2, what: '( is never closed' } });
	const area = await openEditor(user);
	expect(area).toBeInvalid();
	expect(area).toHaveAccessibleDescription(/Line 2: \( is never closed\./);
	await user.click(screen.getByRole('button', { name: 'Compare' }));
	expect(screen.getByRole('group', { name: 'Comparison of loader.py' })).toHaveTextContent(
		'generated: old = 1',
	);
	await user.click(screen.getByRole('button', { name: 'Revert to generated' }));
	expect(edit).toHaveBeenLastCalledWith({ kind: 'setGenerated', file: 'loader.py', text: '' });
});

it('asks when what is generated has changed beneath an edit', async () => {
	const { edit, user } = show({ edited: true, outdated: true });
	const area = await openEditor(user);
	expect(screen.getByText(/has changed since you edited it/)).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Keep mine' }));
	expect(edit).toHaveBeenLastCalledWith({ kind: 'setGenerated', file: 'loader.py', text: area.value });
	await user.click(screen.getByRole('button', { name: 'Take the new one' }));
	expect(edit).toHaveBeenLastCalledWith({ kind: 'setGenerated', file: 'loader.py', text: '' });
});
