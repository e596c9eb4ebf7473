import { afterEach, expect, it, vi } from 'vitest';
import { FakeHost, ipcError } from '$lib/host/fake';
import { boosterDraft, pipelineDraft } from '$lib/host/fake/samples';
import { Drafts } from './drafts.svelte';

afterEach(() => {
	vi.useRealTimers();
});

it('shows what is open already and then what the command line named', async () => {
	const host = new FakeHost([pipelineDraft('a')]);
	host.pending = ['/models/named.pkl'];
	const drafts = new Drafts(host);
	await drafts.start();
	expect(drafts.list.map((draft) => draft.fileName)).toEqual(['named.pkl', 'churn_pipeline.joblib']);
	expect(drafts.current?.fileName).toBe('named.pkl');
});

it('opens every file of a drop and shows the first', async () => {
	const drafts = new Drafts(new FakeHost());
	await drafts.openPaths(['/1.pkl', '/2.pkl', '/3.pkl', '/4.pkl', '/5.pkl', '/6.pkl']);
	expect(drafts.list).toHaveLength(6);
	expect(drafts.current?.fileName).toBe('1.pkl');
	expect(drafts.reading).toEqual([]);
});

it('keeps the good files of a drop and says why the others are none', async () => {
	const host = new FakeHost();
	host.artifacts.set('/data.csv', ipcError('notAModel', 'This is a CSV file.'));
	const drafts = new Drafts(host);
	await drafts.openPaths(['/data.csv', '/good.pkl']);
	expect(drafts.current?.fileName).toBe('good.pkl');
	expect(drafts.rejections).toMatchObject([
		{ path: '/data.csv', code: 'notAModel', message: 'This is a CSV file.' },
	]);
});

it('clears old messages when something new is opened', async () => {
	const host = new FakeHost();
	host.artifacts.set('/data.csv', ipcError('notAModel', 'no'));
	const drafts = new Drafts(host);
	await drafts.openPaths(['/data.csv']);
	await drafts.openPaths(['/good.pkl']);
	expect(drafts.rejections).toEqual([]);
});

it('calls a read slow only after 150 ms', async () => {
	vi.useFakeTimers();
	const host = new FakeHost();
	host.openMillis = 1000;
	const drafts = new Drafts(host);
	const opening = drafts.openPaths(['/slow.pkl']);
	await vi.advanceTimersByTimeAsync(149);
	expect(drafts.slowest).toBeNull();
	await vi.advanceTimersByTimeAsync(2);
	expect(drafts.slowest?.path).toBe('/slow.pkl');
	await vi.advanceTimersByTimeAsync(1000);
	await opening;
	expect(drafts.slowest).toBeNull();
});

it('shows the neighbour of a closed draft', async () => {
	const drafts = new Drafts(new FakeHost([pipelineDraft('a'), pipelineDraft('b'), pipelineDraft('c')]));
	await drafts.start();
	drafts.select('b');
	await drafts.close('b');
	expect(drafts.currentId).toBe('c');
	await drafts.close('c');
	expect(drafts.currentId).toBe('a');
	await drafts.close('a');
	expect(drafts.current).toBeNull();
});

it('gives the reason of a refused edit and leaves the draft as it was', async () => {
	const drafts = new Drafts(new FakeHost([boosterDraft('a')]));
	await drafts.start();
	expect(await drafts.edit('a', { kind: 'setName', name: 'a/b' })).toMatch(/no slashes/);
	expect(drafts.current?.name.text).toBe('fraud_xgb');
});

it('undoes and redoes', async () => {
	const drafts = new Drafts(new FakeHost([boosterDraft('a')]));
	await drafts.start();
	await drafts.edit('a', { kind: 'setName', name: 'fraud' });
	expect(drafts.current?.undo).toBe('Edit name');
	await drafts.undo('a');
	expect(drafts.current?.name).toEqual({ text: 'fraud_xgb', source: 'file name' });
	await drafts.redo('a');
	expect(drafts.current?.name).toEqual({ text: 'fraud', source: 'you' });
});

it('answers edits in the order in which they were made, however long each takes', async () => {
	const host = new FakeHost([boosterDraft('a')]);
	const real = host.editDraft.bind(host);
	let isFirst = true;
	host.editDraft = async (id, edit) => {
		if (isFirst) {
			isFirst = false;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return real(id, edit);
	};
	const drafts = new Drafts(host);
	await drafts.start();
	void drafts.edit('a', { kind: 'setName', name: 'one' });
	void drafts.edit('a', { kind: 'setName', name: 'two' });
	await drafts.settled('a');
	expect(drafts.current?.name.text).toBe('two');
});

it('takes back an edit that the engine has not answered yet, and makes it again', async () => {
	const host = new FakeHost([boosterDraft('a')]);
	const drafts = new Drafts(host);
	await drafts.start();
	const now = () => drafts.list[0] ?? boosterDraft('none');
	expect(drafts.canUndo(now())).toBe(false);
	void drafts.edit('a', { kind: 'setName', name: 'one' });
	void drafts.edit('a', { kind: 'setName', name: 'two' });
	expect(drafts.canUndo(now())).toBe(true);
	expect(drafts.labels(now()).undo).toBeNull();
	void drafts.undo('a');
	expect(drafts.canRedo(now())).toBe(true);
	await drafts.settled('a');
	expect(now().name.text).toBe('one');
	void drafts.redo('a');
	void drafts.undo('a');
	void drafts.undo('a');
	expect(drafts.canUndo(now())).toBe(true);
	await drafts.settled('a');
	expect(now().name.text).toBe('fraud_xgb');
	await vi.waitFor(() => {
		expect(drafts.canUndo(now())).toBe(false);
	});
	expect(drafts.labels(now()).redo).toBe('Edit name');
});

it('takes back nothing else when the edit that an undo was about is refused', async () => {
	const host = new FakeHost([boosterDraft('a')]);
	const drafts = new Drafts(host);
	await drafts.start();
	await drafts.edit('a', { kind: 'setName', name: 'one' });
	const refusal = drafts.edit('a', { kind: 'setName', name: 'a/b' });
	void drafts.undo('a');
	void drafts.redo('a');
	await drafts.settled('a');
	expect(await refusal).toMatch(/no slashes/);
	expect(drafts.current?.name.text).toBe('one');
	await drafts.undo('a');
	expect(drafts.current?.name.text).toBe('fraud_xgb');
});

it('dropped Python code goes to the model that is dropped with it, or to the one that is shown', async () => {
	const host = new FakeHost();
	host.artifacts.set('/train.py', ipcError('pythonCode', 'It is a Python file.'));
	const drafts = new Drafts(host);
	expect(await drafts.openPaths(['/train.py'])).toBeNull();
	expect(drafts.rejections.map(({ path, code }) => [path, code])).toEqual([['/train.py', 'pythonCode']]);
	expect(await drafts.openPaths(['/train.py', '/model.pkl'])).toBe('environment');
	expect(drafts.current?.code).toEqual(['/train.py']);
	expect(drafts.rejections).toEqual([]);
});

it('a dropped table becomes the sample of the model that is shown', async () => {
	const host = new FakeHost();
	for (const path of ['/rows.csv', '/rows.npy']) {
		host.artifacts.set(path, ipcError('dataFile', 'It is a table.'));
	}
	const drafts = new Drafts(host);
	expect(await drafts.openPaths(['/rows.csv'])).toBeNull();
	expect(drafts.rejections.map(({ code }) => code)).toEqual(['dataFile']);
	expect(await drafts.openPaths(['/model.pkl', '/rows.csv'])).toBe('signature');
	expect(drafts.current?.sample?.fileName).toBe('rows.csv');
	expect(await drafts.openPaths(['/rows.npy'])).toBeNull();
	expect(drafts.rejections.map(({ message }) => message)).toEqual([
		'rows.npy is no data file that Packwright reads.',
	]);
});

it('a dropped environment file gives its versions to the model that is shown, and says what it gave', async () => {
	const host = new FakeHost();
	host.artifacts.set('/requirements.txt', ipcError('environmentFile', 'It is a list of requirements.'));
	const drafts = new Drafts(host);
	expect(await drafts.openPaths(['/requirements.txt'])).toBeNull();
	expect(drafts.rejections.map(({ code }) => code)).toEqual(['environmentFile']);
	host.environment = {
		...host.environment,
		python: '3.11',
		indexes: ['--extra-index-url https://pypi.example.org/simple'],
		leftOut: ['base.txt is another file; import it too'],
	};
	expect(await drafts.openPaths(['/requirements.txt', '/model.pkl'])).toBe('environment');
	expect(drafts.rejections).toEqual([]);
	expect(drafts.current?.undo).toBe('Edit requirements');
	const [notice] = drafts.notices.list;
	expect(notice).toMatchObject({
		text: 'Taken from requirements.txt: 3 versions, Python 3.11 and 1 place where pip looks.',
		details: ['base.txt is another file; import it too'],
		isChange: true,
		offer: 'Replace all lines by its 12 packages',
	});
	await drafts.undo(drafts.currentId ?? '');
	expect(drafts.notices.list).toEqual([]);
	host.environment = { ...host.environment, isChange: false };
	await drafts.openPaths(['/requirements.txt']);
	expect(drafts.current?.undo).toBeNull();
	expect(drafts.notices.list.map(({ text }) => text)).toEqual([
		'requirements.txt changes no version of this draft.',
	]);
});

it('a dropped network goes to the weights that lack it, and another one opens on its own', async () => {
	const weights = { ...pipelineDraft('w'), wantsNetwork: true };
	const host = new FakeHost([weights]);
	host.networks.set('/other.keras', { whyNot: 'The weights do not fit other.keras.' });
	host.networks.set('/net.json', 'theirs');
	const drafts = new Drafts(host);
	await drafts.start();
	await drafts.openPaths(['/other.keras']);
	expect(drafts.current?.fileName).toBe('other.keras');
	expect(drafts.notices.list.map(({ draftId, text }) => [draftId, text])).toEqual([
		[drafts.currentId, 'The weights do not fit other.keras. It is open as a draft of its own.'],
	]);
	drafts.select('w');
	expect(await drafts.openPaths(['/net.json'])).toBe('environment');
	expect(drafts.current?.code).toEqual(['/net.json']);
	expect(drafts.list).toHaveLength(2);
	expect(drafts.notices.list.map(({ text }) => text)).toContain('net.json is the network of these weights.');
	await drafts.undo('w');
	expect(drafts.current?.code).toEqual([]);
});

it('weights and their network in one drop become one draft', async () => {
	const host = new FakeHost();
	host.artifacts.set('/w.weights.h5', {
		...pipelineDraft('w'),
		fileName: 'w.weights.h5',
		wantsNetwork: true,
	});
	host.networks.set('/net.json', 'theirs');
	const drafts = new Drafts(host);
	expect(await drafts.openPaths(['/net.json', '/w.weights.h5'])).toBe('environment');
	expect(drafts.list.map(({ fileName, code }) => [fileName, code])).toEqual([
		['w.weights.h5', ['/net.json']],
	]);
	expect(drafts.current?.fileName).toBe('w.weights.h5');
	expect(await host.listDrafts()).toHaveLength(1);
});

it('opens the drafts of the last run again and shows the one that was shown', async () => {
	const host = new FakeHost();
	for (const at of [1, 2, 3]) {
		host.saved.set(`k${at}`, { ...pipelineDraft(`d${at}`), openedAtMillis: at });
	}
	host.shown = 'k2';
	const drafts = new Drafts(host);
	await drafts.start();
	expect(drafts.list.map((draft) => draft.id)).toEqual(['d3', 'd2', 'd1']);
	expect(drafts.currentId).toBe('d2');
	expect(drafts.reading).toEqual([]);
});

it('keeps a draft whose model is gone until its message is dismissed', async () => {
	const host = new FakeHost();
	host.saved.set('gone', ipcError('unreadable', 'churn.pkl is no longer where it was.'));
	host.pending = ['/models/named.pkl'];
	const drafts = new Drafts(host);
	await drafts.start();
	await drafts.openPaths(['/models/other.pkl']);
	expect(drafts.rejections).toMatchObject([{ message: 'churn.pkl is no longer where it was.' }]);
	expect(host.saved.has('gone')).toBe(true);
	drafts.dismiss(drafts.rejections[0]?.id ?? 0);
	expect(drafts.rejections).toEqual([]);
	expect(host.saved.has('gone')).toBe(false);
});
