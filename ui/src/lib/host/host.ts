import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { EnvironmentFileView } from '$lib/ipc/generated/EnvironmentFileView';
import type { ExportKind } from '$lib/ipc/generated/ExportKind';
import type { ExportRequest } from '$lib/ipc/generated/ExportRequest';
import type { ImportScopeRequest } from '$lib/ipc/generated/ImportScopeRequest';
import type { HereView } from '$lib/ipc/generated/HereView';
import type { JudgementView } from '$lib/ipc/generated/JudgementView';
import type { KeyRequest } from '$lib/ipc/generated/KeyRequest';
import type { KeyView } from '$lib/ipc/generated/KeyView';
import type { MenuCommand } from '$lib/ipc/generated/MenuCommand';
import type { PackageView } from '$lib/ipc/generated/PackageView';
import type { PlaceReportView } from '$lib/ipc/generated/PlaceReportView';
import type { PlanExportRequest } from '$lib/ipc/generated/PlanExportRequest';
import type { PlanView } from '$lib/ipc/generated/PlanView';
import type { ProgressView } from '$lib/ipc/generated/ProgressView';
import type { ReceiptView } from '$lib/ipc/generated/ReceiptView';
import type { SavedDraftsView } from '$lib/ipc/generated/SavedDraftsView';
import type { StructureView } from '$lib/ipc/generated/StructureView';
import type { TakenNetworkView } from '$lib/ipc/generated/TakenNetworkView';
import type { TensorView } from '$lib/ipc/generated/TensorView';

/** A file drag over the window. Paths are absolute, in the order in which the file manager gave them. */
export type DragDrop =
	| { type: 'enter'; paths: string[] }
	| { type: 'over' }
	| { type: 'drop'; paths: string[] }
	| { type: 'leave' };

/** Stops listening. */
export type Unlisten = () => void;

/** What an export is asked to do: the command's request without its progress channel. */
export type ExportOrder = Omit<ExportRequest, 'onProgress'>;

/**
 * What the window needs from the program around it: one method per command, the drops, and the clipboard.
 * Every method that asks the engine rejects with an `IpcError`.
 */
export interface Host {
	/** Reads an artifact and opens a draft of it. */
	openArtifact(path: string): Promise<DraftView>;
	/** Opens a draft of the model that ships with the app. */
	openSampleModel(): Promise<DraftView>;
	/** All open drafts, newest first. */
	listDrafts(): Promise<DraftView[]>;
	/** Drafts of the last run that are not open yet. */
	listSavedDrafts(): Promise<SavedDraftsView>;
	/** Opens one of them again. It stays saved when that fails. */
	restoreDraft(key: string): Promise<DraftView>;
	/** Gives one of them up. */
	forgetSavedDraft(key: string): Promise<void>;
	/** Notes which draft is shown, for the next start. */
	showDraft(draftId: string): Promise<void>;
	/** The tensors of a draft's model, in the order of the file. */
	listTensors(draftId: string): Promise<TensorView[]>;
	/** Every way to look at what a draft's model is made of. */
	listStructure(draftId: string): Promise<StructureView[]>;
	/** What each place that takes MLflow models will say of a draft as it is. */
	preflight(draftId: string): Promise<PlaceReportView[]>;
	/** Changes a draft and gives it back as it is then. */
	editDraft(draftId: string, edit: EditRequest): Promise<DraftView>;
	/** What an environment file asks for, and how it fits a draft. */
	readEnvironment(draftId: string, path: string): Promise<EnvironmentFileView>;
	/** Takes requirement lines from it. */
	importEnvironment(draftId: string, path: string, scope: ImportScopeRequest): Promise<DraftView>;
	/** Makes a file the network of weights alone, if they lack theirs and it is that. */
	takeNetwork(draftId: string, path: string): Promise<TakenNetworkView>;
	/** Takes the last change back. */
	undoDraft(draftId: string): Promise<DraftView>;
	/** Does it again. */
	redoDraft(draftId: string): Promise<DraftView>;
	/** Closes a draft. The artifact stays where it is. */
	closeDraft(draftId: string): Promise<void>;
	/** What an export would write, there, with or without a seal. */
	planExport(request: PlanExportRequest): Promise<PlanView>;
	/** Writes the package. Rejects with `cancelled` after `cancelExport`. */
	startExport(order: ExportOrder, onProgress: (progress: ProgressView) => void): Promise<ReceiptView>;
	/** Stops the export of this draft; nothing is left behind. */
	cancelExport(draftId: string): Promise<void>;
	/** Native dialog for model files. Empty when the person cancels. */
	pickArtifacts(): Promise<string[]>;
	/** Native dialog for a model folder. Empty when the person cancels. */
	pickArtifactFolder(): Promise<string[]>;
	/** Native dialog for Python files that a model imports. Empty when the person cancels. */
	pickCode(): Promise<string[]>;
	/** Native dialog for a folder with such code. Empty when the person cancels. */
	pickCodeFolder(): Promise<string[]>;
	/** Native dialog for an environment file. `null` when the person cancels. */
	pickEnvironment(): Promise<string | null>;
	/** Native dialog for a data file. Empty when the person cancels. */
	pickSample(): Promise<string[]>;
	/** Native dialog for the place of an export. `null` when the person cancels. */
	pickExportTarget(draftId: string, kind: ExportKind): Promise<string | null>;
	/** Native dialog for a private key to seal with. `null` when the person cancels. */
	pickKey(): Promise<KeyView | null>;
	/** Native dialog for the public key of whoever sealed a package. `null` when the person cancels. */
	pickPublicKey(): Promise<string | null>;
	/** Reads and checks a package that somebody sent. */
	readPackage(path: string, key: string | null): Promise<PackageView>;
	/** Judges what loading a package would run, from what lies in it. */
	judgePackage(path: string): Promise<JudgementView>;
	/** Whether a package will run on this computer. */
	packageHere(path: string): Promise<HereView>;
	/** Opens a draft of the model in a package, with everything that the package says. */
	copyPackage(path: string): Promise<DraftView>;
	/** Opens a key with its passphrase, to see that it does. */
	checkKey(key: KeyRequest): Promise<KeyView>;
	/** Native dialog for a place for all choices of a draft. `null` when the person cancels. */
	saveRecipe(draftId: string): Promise<string | null>;
	/** Shows a path in the file manager. */
	revealExport(path: string): Promise<void>;
	/** Paths from the command line and from second starts that the window has not seen yet. */
	takePendingPaths(): Promise<string[]>;
	/** Calls back while files are dragged over the window and when they are dropped. */
	onDragDrop(callback: (event: DragDrop) => void): Promise<Unlisten>;
	/** Calls back when there may be pending paths. A nudge only: the paths come from `takePendingPaths`. */
	onPendingPaths(callback: () => void): Promise<Unlisten>;
	/** Calls back when an item of the native menu is chosen, by pointer or by its keys. */
	onMenu(callback: (command: MenuCommand) => void): Promise<Unlisten>;
	/** Puts text on the clipboard. */
	copyText(text: string): Promise<void>;
}
