import type { Drafts } from '$lib/features/drafts/drafts.svelte';
import type { Exports } from '$lib/features/export/exports.svelte';
import type { ExportKind } from '$lib/ipc/generated/ExportKind';
import type { SectionId } from '$lib/ipc/generated/SectionId';
import type { Keys } from './keys';
import { sectionsOf } from './sections';

/** Something that the person can ask for, by key or by name. */
export interface Command {
	id: string;
	title: string;
	keys: Keys | null;
	/** Whether the keys work while text is being edited. */
	worksInText: boolean;
	run: () => void;
}

/** What commands act on. */
export interface Stage {
	drafts: Drafts;
	exports: Exports;
	goTo: (section: SectionId) => void;
	openExportMenu: () => void;
	closeDraft: (draftId: string) => void;
	/** Exports the draft with every edit made so far. */
	beginExport: (draftId: string, kind: ExportKind) => void;
	openPalette: () => void;
	/** Goes to the search in the structure. */
	find: () => void;
}

/** Everything that can be done now. What cannot be done is not there. */
export function commandsFor(stage: Stage): Command[] {
	const { drafts } = stage;
	const draft = drafts.current;
	const commands: Command[] = [
		command('open', 'Open files…', { key: 'o' }, () => void drafts.browse()),
		command('open-folder', 'Open a folder…', { key: 'o', hasShift: true }, () => void drafts.browseFolder()),
		command('sample', 'Open the sample model', null, () => void drafts.openSample()),
		command('palette', 'Show all commands', { key: 'k' }, stage.openPalette),
	];
	if (draft === null) return commands;

	const isSheetOpen = stage.exports.of(draft.id)?.isOpen ?? false;
	if (draft.exportBlocked === null && !isSheetOpen) {
		commands.push(
			command('export', 'Export…', { key: 'e' }, stage.openExportMenu),
			command('export-folder', 'Export a folder…', null, () => {
				stage.beginExport(draft.id, 'folder');
			}),
			command('export-zip', 'Export a zip…', null, () => {
				stage.beginExport(draft.id, 'zip');
			}),
		);
	}
	// What is under way has no name yet; it can be taken back all the same.
	const labels = drafts.labels(draft);
	if (drafts.canUndo(draft) && !isSheetOpen) {
		commands.push({
			...command('undo', titled('Undo', labels.undo), { key: 'z' }, () => void drafts.undo(draft.id)),
			worksInText: false,
		});
	}
	if (drafts.canRedo(draft) && !isSheetOpen) {
		commands.push({
			...command(
				'redo',
				titled('Redo', labels.redo),
				{ key: 'z', hasShift: true },
				() => void drafts.redo(draft.id),
			),
			worksInText: false,
		});
	}
	commands.push(
		command('close', `Close ${draft.name.text}`, { key: 'w' }, () => {
			stage.closeDraft(draft.id);
		}),
	);
	if (!isSheetOpen) {
		for (const { id, title, key } of sectionsOf(draft)) {
			commands.push(
				command(`section-${id}`, `Go to ${title}`, { key }, () => {
					stage.goTo(id);
				}),
			);
		}
	}
	if (!isSheetOpen && draft.hasStructure) {
		commands.push(command('find', 'Find in the structure', { key: 'f' }, stage.find));
	}
	for (const other of drafts.list) {
		if (other.id === draft.id) continue;
		commands.push(
			command(`show-${other.id}`, `Show ${other.name.text}`, null, () => {
				drafts.select(other.id);
			}),
		);
	}
	return commands;
}

function titled(word: string, what: string | null): string {
	return what === null ? word : `${word}: ${what}`;
}

function command(id: string, title: string, keys: Keys | null, run: () => void): Command {
	return { id, title, keys, worksInText: true, run };
}
