import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Autosave } from './autosave.svelte';

let saved = '';
let answers: (() => void)[] = [];
const save = vi.fn<(text: string) => Promise<string | null>>();

beforeEach(() => {
	vi.useFakeTimers();
	saved = 'before';
	answers = [];
	save.mockReset().mockImplementation(
		(text) =>
			new Promise((resolve) => {
				answers.push(() => {
					saved = text;
					resolve(null);
				});
			}),
	);
});

afterEach(() => {
	vi.useRealTimers();
});

it('saves once after a pause, not for each letter', async () => {
	const field = new Autosave(() => saved, save);
	for (const text of ['a', 'ab', 'abc']) {
		field.text = text;
		await vi.advanceTimersByTimeAsync(300);
	}
	expect(save).not.toHaveBeenCalled();
	await vi.advanceTimersByTimeAsync(600);
	expect(save).toHaveBeenCalledExactlyOnceWith('abc');
});

it('keeps letters that are typed while an older text is being saved', async () => {
	const field = new Autosave(() => saved, save);
	field.text = 'abc';
	const flushing = field.flush();
	field.text = 'abcd';
	answers[0]?.();
	await flushing;
	expect(field.text).toBe('abcd');
});

it('follows the draft again once everything is saved', async () => {
	const field = new Autosave(() => saved, save);
	field.text = 'abc';
	const flushing = field.flush();
	answers[0]?.();
	await flushing;
	saved = 'undone';
	expect(field.text).toBe('undone');
});

it('keeps the text and says why when it was refused', async () => {
	save.mockResolvedValue('The description is too long.');
	const field = new Autosave(() => saved, save);
	field.text = 'long';
	await field.flush();
	expect(field.error).toBe('The description is too long.');
	expect(field.text).toBe('long');
});

it('asks for nothing when nothing changed', async () => {
	const field = new Autosave(() => saved, save);
	field.text = 'before';
	await field.flush();
	await field.flush();
	expect(save).not.toHaveBeenCalled();
});
