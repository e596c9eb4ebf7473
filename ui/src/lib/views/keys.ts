/** One key with the platform's command key: `mod+shift+z`. */
export interface Keys {
	key: string;
	hasShift?: boolean;
}

/** Whether the command key is ⌘. */
export function isApple(platform: string): boolean {
	return /mac|iphone|ipad/i.test(platform);
}

/** Whether this press means these keys. */
export function matches(event: KeyboardEvent, keys: Keys, apple: boolean): boolean {
	const hasMod = apple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
	return (
		hasMod &&
		!event.altKey &&
		event.shiftKey === (keys.hasShift ?? false) &&
		event.key.toLowerCase() === keys.key
	);
}

/** `Ctrl+Shift+Z` or `⇧⌘Z`. */
export function describeKeys(keys: Keys, apple: boolean): string {
	const key = keys.key.toUpperCase();
	if (apple) return `${keys.hasShift === true ? '⇧' : ''}⌘${key}`;
	return `Ctrl+${keys.hasShift === true ? 'Shift+' : ''}${key}`;
}

/** Whether the press belongs to text that is being edited: the field undoes its own typing. */
export function isEditing(target: EventTarget | null): boolean {
	return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
