import { expect, it } from 'vitest';
import { describeKeys, isApple, isEditing, matches } from './keys';

const press = (key: string, more: KeyboardEventInit = {}) => new KeyboardEvent('keydown', { key, ...more });

it('knows the command key of the system', () => {
	expect(matches(press('o', { ctrlKey: true }), { key: 'o' }, false)).toBe(true);
	expect(matches(press('o', { metaKey: true }), { key: 'o' }, false)).toBe(false);
	expect(matches(press('o', { metaKey: true }), { key: 'o' }, true)).toBe(true);
	expect(isApple('Mozilla/5.0 (Macintosh; …)')).toBe(true);
	expect(isApple('Mozilla/5.0 (X11; Linux x86_64)')).toBe(false);
});

it('tells undo from redo by Shift', () => {
	expect(matches(press('z', { ctrlKey: true }), { key: 'z' }, false)).toBe(true);
	expect(matches(press('Z', { ctrlKey: true, shiftKey: true }), { key: 'z' }, false)).toBe(false);
	expect(matches(press('Z', { ctrlKey: true, shiftKey: true }), { key: 'z', hasShift: true }, false)).toBe(
		true,
	);
});

it('leaves letters with Alt to the keyboard layout', () => {
	expect(matches(press('e', { ctrlKey: true, altKey: true }), { key: 'e' }, false)).toBe(false);
});

it('writes keys as the system does', () => {
	expect(describeKeys({ key: 'z', hasShift: true }, false)).toBe('Ctrl+Shift+Z');
	expect(describeKeys({ key: 'z', hasShift: true }, true)).toBe('⇧⌘Z');
	expect(describeKeys({ key: '1' }, false)).toBe('Ctrl+1');
});

it('knows what is text being edited', () => {
	expect(isEditing(document.createElement('textarea'))).toBe(true);
	expect(isEditing(document.createElement('button'))).toBe(false);
	expect(isEditing(null)).toBe(false);
});
