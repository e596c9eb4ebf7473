import type { DraftView } from '$lib/ipc/generated/DraftView';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { EnvironmentFileView } from '$lib/ipc/generated/EnvironmentFileView';
import type { ErrorCode } from '$lib/ipc/generated/ErrorCode';
import type { IpcError } from '$lib/ipc/generated/IpcError';
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
import type { DragDrop, ExportOrder, Host, Unlisten } from '../host';
import { applyEdit } from './edits';
import { placesOf } from './places';
import {
	boosterDraft,
	dangerousDraft,
	ownCodeDraft,
	pipelineDraft,
	pipelineStructure,
	unscannedDraft,
	wideDraft,
} from './samples';

/** An export that waits for the test, or for the demonstration, to move it on. */
export interface RunningExport {
	order: ExportOrder;
	progress: (progress: ProgressView) => void;
	finish: () => void;
	fail: (code: ErrorCode, message: string) => void;
}

interface Entry {
	first: DraftView;
	now: DraftView;
	past: { draft: DraftView; label: string }[];
	future: { draft: DraftView; label: string }[];
}

/** An error as it comes over the wire. */
export function ipcError(code: ErrorCode, message: string): IpcError {
	return { code, message };
}

/** A host without an engine: keeps drafts in memory and lets a test drive what takes time. */
export class FakeHost implements Host {
	/** Paths to what opening them gives. Other paths give a pipeline of that name. */
	readonly artifacts = new Map<string, DraftView | IpcError>();
	/** Everything that was copied, revealed and cancelled, for assertions. */
	readonly copied: string[] = [];
	readonly revealed: string[] = [];
	readonly cancelled: string[] = [];
	/** What the next dialogs give. */
	picked: string[] = [];
	target: string | null = '/home/ada/packages/churn_pipeline.zip';
	pending: string[] = [];
	/** Exports that are under way, oldest first. */
	readonly running: RunningExport[] = [];
	/** How long opening takes. */
	openMillis = 0;
	/** What every environment file asks for. */
	environment: EnvironmentFileView = {
		path: '/home/ada/requirements.txt',
		file: 'requirements.txt',
		nLines: 12,
		nVersions: 3,
		python: null,
		indexes: [],
		isChange: true,
		leftOut: [],
	};
	/** What files are to weights that lack their network: their network, or why not. Others describe none. */
	readonly networks = new Map<string, 'theirs' | { whyNot: string }>();
	/** What every draft's model holds. */
	tensors: TensorView[] = [];
	/** What it is made of. */
	structures: StructureView[] = [pipelineStructure()];
	planWarnings: string[] = [];
	/** What is free where packages go. */
	freeBytes: number | null = 34_000_000_000;
	/** What the next dialog for a key gives, and what opens it. */
	key: KeyView | null = null;
	passphrase = 'correct horse';
	/** Packages that can be received, by path, and the public key that the next dialog gives. */
	readonly packages = new Map<string, PackageView>();
	/** What loading them would run, and whether they run here. */
	readonly judgements = new Map<string, JudgementView>();
	readonly heres = new Map<string, HereView>();
	/** The draft that a copy of each package gives, or why it gives none. */
	readonly copies = new Map<string, DraftView | IpcError>();
	publicKey: string | null = '/home/ada/ada.pub';
	recipe: string | null = '/home/ada/packages/churn.recipe.json';
	receiptWarnings: string[] = [];
	/** What the last run left: keys to what opening it again gives. */
	readonly saved = new Map<string, DraftView | IpcError>();
	shown: string | null = null;
	#entries: Entry[] = [];
	#drops = new Set<(event: DragDrop) => void>();
	#nudges = new Set<() => void>();
	#menus = new Set<(command: MenuCommand) => void>();
	#opened = 0;
	#held: Promise<unknown> = Promise.resolve();

	constructor(drafts: DraftView[] = []) {
		this.#entries = drafts.map((draft) => ({ first: draft, now: draft, past: [], future: [] }));
	}

	/** Acts as the file manager. */
	drag(event: DragDrop): void {
		for (const callback of this.#drops) callback(event);
	}

	/** Answers no edit, undo or redo until the function that it gives is called. */
	hold(): () => void {
		let release: () => void = () => undefined;
		this.#held = new Promise<void>((resolve) => {
			release = resolve;
		});
		return () => {
			release();
		};
	}

	/** Acts as a second start of the program. */
	nudge(...paths: string[]): void {
		this.pending.push(...paths);
		for (const callback of this.#nudges) callback();
	}

	async openArtifact(path: string): Promise<DraftView> {
		if (this.openMillis > 0) await new Promise((resolve) => setTimeout(resolve, this.openMillis));
		const known = this.artifacts.get(path);
		if (known !== undefined && 'message' in known) return reject(known);
		this.#opened += 1;
		const id = `opened-${this.#opened}`;
		const fileName = path.split('/').at(-1) ?? path;
		const name = { text: fileName.replace(/\.\w+$/, ''), source: 'file name' };
		const opened = known ?? { ...pipelineDraft(id), name, fileName, path };
		return this.#add({ ...opened, id, openedAtMillis: Date.now() });
	}

	openSampleModel(): Promise<DraftView> {
		return this.openArtifact('/usr/share/packwright/sample_iris.joblib');
	}

	listDrafts(): Promise<DraftView[]> {
		return Promise.resolve(this.#entries.map((entry) => entry.now));
	}

	listSavedDrafts(): Promise<SavedDraftsView> {
		const drafts = [...this.saved].map(([key, draft]) => ({
			key,
			path: 'path' in draft ? draft.path : `/home/ada/${key}.pkl`,
		}));
		return Promise.resolve({ drafts, shown: this.shown, problems: [] });
	}

	async restoreDraft(key: string): Promise<DraftView> {
		const draft = this.saved.get(key) ?? ipcError('notFound', 'It is not saved.');
		if ('message' in draft) return reject(draft);
		return this.#add(draft);
	}

	forgetSavedDraft(key: string): Promise<void> {
		this.saved.delete(key);
		return Promise.resolve();
	}

	showDraft(draftId: string): Promise<void> {
		this.shown = draftId;
		return Promise.resolve();
	}

	async editDraft(draftId: string, edit: EditRequest): Promise<DraftView> {
		await this.#held;
		const entry = this.#entry(draftId);
		const [draft, label] = applyEdit(entry.now, entry.first, edit);
		entry.past.push({ draft: entry.now, label });
		entry.future = [];
		return this.#show(entry, draft);
	}

	async undoDraft(draftId: string): Promise<DraftView> {
		await this.#held;
		const entry = this.#entry(draftId);
		const step = entry.past.pop();
		if (step === undefined) return entry.now;
		entry.future.push({ draft: entry.now, label: step.label });
		return this.#show(entry, step.draft);
	}

	async redoDraft(draftId: string): Promise<DraftView> {
		await this.#held;
		const entry = this.#entry(draftId);
		const step = entry.future.pop();
		if (step === undefined) return entry.now;
		entry.past.push({ draft: entry.now, label: step.label });
		return this.#show(entry, step.draft);
	}

	listStructure(draftId: string): Promise<StructureView[]> {
		this.#entry(draftId);
		return Promise.resolve(this.structures);
	}

	listTensors(draftId: string): Promise<TensorView[]> {
		this.#entry(draftId);
		return Promise.resolve(this.tensors);
	}

	async preflight(draftId: string): Promise<PlaceReportView[]> {
		await Promise.resolve();
		return placesOf(this.#entry(draftId).now);
	}

	closeDraft(draftId: string): Promise<void> {
		this.#entries = this.#entries.filter((entry) => entry.now.id !== draftId);
		return Promise.resolve();
	}

	planExport({ draftId, kind, isSealed }: PlanExportRequest): Promise<PlanView> {
		const { now } = this.#entry(draftId);
		const seal = { path: 'model.sig', origin: 'sealed', sizeBytes: 2300 };
		return Promise.resolve({
			suggestedName: kind === 'zip' ? `${now.name.text}.zip` : now.name.text,
			files: [
				...now.files.map(({ path, origin, sizeBytes }) => ({ path, origin, sizeBytes })),
				...(isSealed ? [seal] : []),
			],
			totalBytes: now.files.reduce((sum, file) => sum + file.sizeBytes, 0),
			freeBytes: this.freeBytes,
			warnings: this.planWarnings,
			confirmWord: now.safety.verdict === 'dangerous' ? 'dangerous' : null,
		});
	}

	startExport(order: ExportOrder, onProgress: (progress: ProgressView) => void): Promise<ReceiptView> {
		return new Promise((resolve, fail) => {
			this.running.push({
				order,
				progress: onProgress,
				finish: () => {
					resolve(this.#receipt(order));
				},
				fail: (code, message) => {
					// Rejections cross the wire as plain objects, not as errors.
					// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
					fail(ipcError(code, message));
				},
			});
		});
	}

	cancelExport(draftId: string): Promise<void> {
		this.cancelled.push(draftId);
		const job = this.running.findLast((running) => running.order.draftId === draftId);
		job?.fail('cancelled', 'The export was cancelled; nothing was left behind.');
		return Promise.resolve();
	}

	pickArtifacts(): Promise<string[]> {
		return Promise.resolve(this.picked);
	}

	pickArtifactFolder(): Promise<string[]> {
		return Promise.resolve(this.picked);
	}

	pickCode(): Promise<string[]> {
		return Promise.resolve(this.picked);
	}

	pickCodeFolder(): Promise<string[]> {
		return Promise.resolve(this.picked);
	}

	pickEnvironment(): Promise<string | null> {
		return Promise.resolve(this.picked[0] ?? null);
	}

	readEnvironment(): Promise<EnvironmentFileView> {
		return Promise.resolve(this.environment);
	}

	importEnvironment(draftId: string): Promise<DraftView> {
		return this.editDraft(draftId, { kind: 'setRequirement', index: 0, requirement: 'mlflow==3.17.2' });
	}

	async takeNetwork(draftId: string, path: string): Promise<TakenNetworkView> {
		const offer = this.#entry(draftId).now.wantsNetwork ? this.networks.get(path) : undefined;
		if (offer === undefined) return { draft: null, whyNot: null };
		if (offer !== 'theirs') return { draft: null, whyNot: offer.whyNot };
		return { draft: await this.editDraft(draftId, { kind: 'addCode', path }), whyNot: null };
	}

	pickSample(): Promise<string[]> {
		return Promise.resolve(this.picked);
	}

	pickExportTarget(): Promise<string | null> {
		return Promise.resolve(this.target);
	}

	pickKey(): Promise<KeyView | null> {
		return Promise.resolve(this.key);
	}

	pickPublicKey(): Promise<string | null> {
		return Promise.resolve(this.publicKey);
	}

	readPackage(path: string, key: string | null): Promise<PackageView> {
		const known = this.packages.get(path);
		if (known === undefined) return reject(ipcError('unreadable', 'It is gone.'));
		const seal = known.seal === null ? null : { ...known.seal, isSigned: key === null ? null : true };
		return Promise.resolve({ ...known, seal });
	}

	judgePackage(path: string): Promise<JudgementView> {
		const known = this.judgements.get(path);
		return known === undefined ? reject(ipcError('unreadable', 'It is gone.')) : Promise.resolve(known);
	}

	packageHere(path: string): Promise<HereView> {
		const known = this.heres.get(path);
		return known === undefined ? reject(ipcError('unreadable', 'It is gone.')) : Promise.resolve(known);
	}

	async copyPackage(path: string): Promise<DraftView> {
		const known = this.copies.get(path);
		if (known === undefined) return reject(ipcError('notAModel', 'There is no model in it.'));
		if ('message' in known) return reject(known);
		this.#opened += 1;
		return this.#add({ ...known, id: `opened-${this.#opened}`, openedAtMillis: Date.now() });
	}

	checkKey(key: KeyRequest): Promise<KeyView> {
		if (key.passphrase !== this.passphrase) {
			return reject(ipcError('keyRefused', 'the passphrase does not open the key'));
		}
		const name = key.path.split('/').at(-1) ?? key.path;
		const fingerprint = '5bd0a7c1e94f2863'.repeat(4);
		return Promise.resolve({ path: key.path, name, fingerprint, curve: 'P-256', isLocked: false });
	}

	saveRecipe(): Promise<string | null> {
		return Promise.resolve(this.recipe);
	}

	revealExport(path: string): Promise<void> {
		this.revealed.push(path);
		return Promise.resolve();
	}

	takePendingPaths(): Promise<string[]> {
		return Promise.resolve(this.pending.splice(0));
	}

	onDragDrop(callback: (event: DragDrop) => void): Promise<Unlisten> {
		this.#drops.add(callback);
		return Promise.resolve(() => this.#drops.delete(callback));
	}

	onPendingPaths(callback: () => void): Promise<Unlisten> {
		this.#nudges.add(callback);
		return Promise.resolve(() => this.#nudges.delete(callback));
	}

	onMenu(callback: (command: MenuCommand) => void): Promise<Unlisten> {
		this.#menus.add(callback);
		return Promise.resolve(() => this.#menus.delete(callback));
	}

	/** Chooses an item of the native menu. */
	chooseFromMenu(command: MenuCommand): void {
		for (const menu of this.#menus) menu(command);
	}

	copyText(text: string): Promise<void> {
		this.copied.push(text);
		return Promise.resolve();
	}

	#add(draft: DraftView): DraftView {
		this.#entries.unshift({ first: draft, now: draft, past: [], future: [] });
		return draft;
	}

	#entry(draftId: string): Entry {
		const entry = this.#entries.find(({ now }) => now.id === draftId);
		if (entry === undefined) throw Object.assign(new Error('No such draft.'), { code: 'notFound' });
		return entry;
	}

	#show(entry: Entry, draft: DraftView): DraftView {
		const undo = entry.past.at(-1)?.label ?? null;
		const redo = entry.future.at(-1)?.label ?? null;
		entry.now = { ...draft, undo, redo };
		return entry.now;
	}

	#receipt(order: ExportOrder): ReceiptView {
		const { now } = this.#entry(order.draftId);
		const files = now.files.map(({ path, sizeBytes }, index) => ({
			path,
			sizeBytes,
			sha256: `${String(index)}f3a9c41d7b2e8805`.repeat(4).slice(0, 64),
		}));
		const folder = order.path.replace(/\.zip$/, '');
		return {
			path: order.path,
			kind: order.kind,
			sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
			sha256: order.kind === 'zip' ? '9c1e4b7ad0f25836'.repeat(4) : null,
			files,
			sealedBy: order.key === null ? null : '5bd0a7c1e94f2863'.repeat(4),
			snippets: [
				{
					title: 'Load and predict in Python',
					text: `import mlflow\n\nmodel = mlflow.pyfunc.load_model("${folder}")\nmodel.predict(data)`,
				},
				{ title: 'Serve over HTTP', text: `mlflow models serve -m "${folder}" -p 5000 --env-manager uv` },
			],
			warnings: this.receiptWarnings,
			millis: 340,
		};
	}
}

function reject(error: IpcError): Promise<never> {
	// Rejections cross the wire as plain objects, not as errors.
	// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
	return Promise.reject(error);
}

/** Drives a fake by hand from the address bar: `?drafts=pipeline,booster&export=running`. */
export function demonstrationHost(search: string): FakeHost {
	const makers: Record<string, (id: string) => DraftView> = {
		pipeline: pipelineDraft,
		booster: boosterDraft,
		dangerous: dangerousDraft,
		code: ownCodeDraft,
		unscanned: unscannedDraft,
		wide: wideDraft,
	};
	const wanted = new URLSearchParams(search).get('drafts') ?? Object.keys(makers).join(',');
	const drafts = wanted.split(',').flatMap((name, index) => makers[name]?.(`${name}-${index}`) ?? []);
	const host = new FakeHost(drafts);
	host.artifacts.set('/home/ada/data/customers.csv', {
		code: 'dataFile',
		message: 'it is a table of text (CSV); it is no model; drop it on an open draft as its sample data',
	});
	host.artifacts.set('/home/ada/project/requirements.txt', {
		code: 'environmentFile',
		message:
			'it is a list of requirements that asks for 12 packages; it is no model; drop it on an open draft to take its versions, or drop the model first',
	});
	host.artifacts.set('/home/ada/models/forest.joblib', {
		code: 'damaged',
		message:
			'forest.joblib ends 1 024 bytes too early (at byte 212 992). The download may be incomplete. Fetch it again and compare its size with the original.',
	});
	host.picked = ['/home/ada/models/iris_classifier.joblib'];
	Object.assign(globalThis, { packwright: host });
	return host;
}
