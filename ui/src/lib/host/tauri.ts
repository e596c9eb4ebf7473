import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWebview } from '@tauri-apps/api/webview';
import type { Commands } from '$lib/ipc/generated/Commands';
import type { MenuCommand } from '$lib/ipc/generated/MenuCommand';
import type { ProgressView } from '$lib/ipc/generated/ProgressView';
import { copyWithSelection } from './clipboard';
import type { DragDrop, ExportOrder, Host } from './host';

type Name = keyof Commands;

/** Calls a command with the request type that the engine declares for it. */
function call<N extends Name>(name: N, request: Commands[N][0]): Promise<Commands[N][1]> {
	return invoke<Commands[N][1]>(name, { ...request });
}

/** The desktop program. The only place that knows Tauri. */
export const tauriHost: Host = {
	openArtifact: (path) => call('open_artifact', { path }),
	openSampleModel: () => call('open_sample_model', {}),
	listDrafts: () => call('list_drafts', {}),
	listSavedDrafts: () => call('list_saved_drafts', {}),
	restoreDraft: (key) => call('restore_draft', { key }),
	forgetSavedDraft: async (key) => {
		await call('forget_saved_draft', { key });
	},
	showDraft: async (draftId) => {
		await call('show_draft', { draftId });
	},
	editDraft: (draftId, edit) => call('edit_draft', { draftId, edit }),
	readEnvironment: (draftId, path) => call('read_environment', { draftId, path }),
	importEnvironment: (draftId, path, scope) => call('import_environment', { draftId, path, scope }),
	takeNetwork: (draftId, path) => call('take_network', { draftId, path }),
	undoDraft: (draftId) => call('undo_draft', { draftId }),
	redoDraft: (draftId) => call('redo_draft', { draftId }),
	closeDraft: async (draftId) => {
		await call('close_draft', { draftId });
	},
	planExport: (request) => call('plan_export', request),
	startExport: (order: ExportOrder, onProgress) => {
		const channel = new Channel<ProgressView>(onProgress);
		// Not through `call`: the request type names what travels in the channel, not the channel.
		return invoke<Commands['start_export'][1]>('start_export', { ...order, onProgress: channel });
	},
	cancelExport: async (draftId) => {
		await call('cancel_export', { draftId });
	},
	pickArtifacts: () => call('pick_artifacts', {}),
	pickArtifactFolder: () => call('pick_artifact_folder', {}),
	listStructure: (draftId) => call('list_structure', { draftId }),
	listTensors: (draftId) => call('list_tensors', { draftId }),
	preflight: (draftId) => call('preflight', { draftId }),
	pickCode: () => call('pick_code', {}),
	pickCodeFolder: () => call('pick_code_folder', {}),
	pickEnvironment: () => call('pick_environment', {}),
	pickSample: () => call('pick_sample', {}),
	pickExportTarget: (draftId, kind) => call('pick_export_target', { draftId, kind }),
	pickKey: () => call('pick_key', {}),
	pickPublicKey: () => call('pick_public_key', {}),
	readPackage: (path, key) => call('read_package', { path, key }),
	judgePackage: (path) => call('judge_package', { path }),
	packageHere: (path) => call('package_here', { path }),
	copyPackage: (path) => call('copy_package', { path }),
	checkKey: (key) => call('check_key', { key }),
	saveRecipe: (draftId) => call('save_recipe', { draftId }),
	revealExport: async (path) => {
		await call('reveal_export', { path });
	},
	takePendingPaths: () => call('take_pending_paths', {}),
	onDragDrop: (callback) =>
		getCurrentWebview().onDragDropEvent(({ payload }) => {
			callback(toDragDrop(payload));
		}),
	onPendingPaths: (callback) =>
		listen('pending-paths', () => {
			callback();
		}),
	onMenu: (callback) =>
		listen<MenuCommand>('menu', ({ payload }) => {
			callback(payload);
		}),
	copyText: async (text) => {
		try {
			await navigator.clipboard.writeText(text);
		} catch {
			copyWithSelection(text);
		}
	},
};

type Payload = { type: 'enter' | 'drop'; paths: string[] } | { type: 'over' } | { type: 'leave' };

function toDragDrop(payload: Payload): DragDrop {
	switch (payload.type) {
		case 'enter':
		case 'drop':
			return { type: payload.type, paths: payload.paths };
		case 'over':
		case 'leave':
			return { type: payload.type };
	}
}
