import { expect, it, vi } from 'vitest';
import { FakeHost, ipcError } from '$lib/host/fake';
import { boosterDraft, pipelineDraft } from '$lib/host/fake/samples';
import { Exports } from './exports.svelte';

async function begun(kind: 'folder' | 'zip' = 'zip') {
	const host = new FakeHost([pipelineDraft('a'), boosterDraft('b')]);
	let millis = 0;
	const exports = new Exports(host, () => (millis += 500));
	await exports.begin('a', kind);
	const flow = exports.of('a');
	if (flow === null) throw new Error('the export did not begin');
	return { host, exports, flow };
}

it('begins with the plan at the chosen place', async () => {
	const { flow } = await begun();
	expect(flow.path).toBe('/home/ada/packages/churn_pipeline.zip');
	expect(flow.plan?.files).toHaveLength(5);
	expect(flow.phase).toEqual({ is: 'ready', note: null });
});

it('does nothing when the dialog is cancelled', async () => {
	const host = new FakeHost([pipelineDraft('a')]);
	host.target = null;
	const exports = new Exports(host);
	await exports.begin('a', 'zip');
	expect(exports.of('a')).toBeNull();
});

it('says when there can be no export at all', async () => {
	const host = new FakeHost([pipelineDraft('a')]);
	host.pickExportTarget = () =>
		Promise.reject(Object.assign(new Error('no dialog'), ipcError('internal', 'No dialog.')));
	const exports = new Exports(host);
	await exports.begin('a', 'zip');
	expect(exports.refused).toBe('No dialog.');
});

it('never overwrites by itself', async () => {
	const { host, flow } = await begun();
	void flow.write(false);
	expect(host.running[0]?.order).toEqual({
		draftId: 'a',
		kind: 'zip',
		path: '/home/ada/packages/churn_pipeline.zip',
		overwrite: false,
		confirmation: '',
		key: null,
	});
});

it('asks when something is there, and replaces it only then', async () => {
	const { host, flow } = await begun();
	const first = flow.write(false);
	host.running[0]?.fail('targetExists', 'It exists already.');
	await first;
	expect(flow.phase).toEqual({ is: 'exists', message: 'It exists already.' });
	void flow.write(true);
	expect(host.running[1]?.order.overwrite).toBe(true);
});

it('shows bytes, rate and time left', async () => {
	const { host, flow } = await begun();
	void flow.write(false);
	host.running[0]?.progress({ stage: 'writing', doneBytes: 0, totalBytes: 4000, file: 'model.pkl' });
	host.running[0]?.progress({ stage: 'writing', doneBytes: 1000, totalBytes: 4000, file: 'model.pkl' });
	expect(flow.progress?.doneBytes).toBe(1000);
	expect(flow.rate).toBe(2000);
	expect(flow.secondsLeft).toBe(1.5);
});

it('goes back to the plan when it is cancelled', async () => {
	const { host, flow } = await begun();
	const writing = flow.write(false);
	await flow.cancel();
	await writing;
	expect(host.cancelled).toEqual(['a']);
	expect(flow.phase).toEqual({ is: 'ready', note: 'Cancelled. Nothing was left behind.' });
});

it('shows the receipt when cancelling came too late', async () => {
	const { host, flow } = await begun();
	host.cancelExport = () => Promise.reject(new Error('no such job'));
	const writing = flow.write(false);
	const cancelling = flow.cancel();
	host.running[0]?.finish();
	await Promise.all([writing, cancelling]);
	expect(flow.phase.is).toBe('done');
});

it('keeps the reason of a failure and can try again', async () => {
	const { host, flow } = await begun();
	const first = flow.write(false);
	host.running[0]?.fail('writeFailed', 'The disk is full.');
	await first;
	expect(flow.phase).toEqual({ is: 'failed', message: 'The disk is full.' });
	const second = flow.write(false);
	host.running[1]?.finish();
	await second;
	expect(flow.phase.is).toBe('done');
});

it('writes one package at a time per draft', async () => {
	const { host, flow } = await begun();
	void flow.write(false);
	void flow.write(false);
	expect(host.running).toHaveLength(1);
});

it('goes on behind a closed sheet, and is found again', async () => {
	const { host, exports, flow } = await begun();
	const writing = flow.write(false);
	exports.hide('a');
	expect(flow.isOpen).toBe(false);
	await exports.begin('a', 'folder');
	expect(exports.of('a')).toBe(flow);
	expect(flow.isOpen).toBe(true);
	host.running[0]?.finish();
	await writing;
	exports.hide('a');
	expect(exports.of('a')).toBeNull();
});

it('shows the sheet again when an export that was hidden ends', async () => {
	const { host, exports, flow } = await begun();
	const writing = flow.write(false);
	exports.hide('a');
	host.running[0]?.fail('writeFailed', 'The disk is full.');
	await writing;
	expect(flow.isOpen).toBe(true);
});

it('exports two drafts side by side', async () => {
	const { host, exports, flow } = await begun();
	void flow.write(false);
	await exports.begin('b', 'folder');
	void exports.of('b')?.write(false);
	expect(host.running.map((job) => job.order.draftId)).toEqual(['a', 'b']);
});

it('stops the export of a draft that is closed', async () => {
	const { host, exports, flow } = await begun();
	void flow.write(false);
	const spy = vi.spyOn(host, 'cancelExport');
	exports.forget('a');
	expect(spy).toHaveBeenCalledWith('a');
	expect(exports.of('a')).toBeNull();
});

const LOCKED = { path: '/home/ada/key.pem', name: 'key.pem', fingerprint: '', curve: '', isLocked: true };

it('plans a seal once the key is open, and keeps the passphrase no longer than the export', async () => {
	const { host, flow } = await begun();
	host.key = LOCKED;
	await flow.pickKey();
	expect(flow.plan?.files).toHaveLength(5);
	flow.passphrase = 'wrong';
	await flow.unlock();
	expect(flow.keyError).toMatch(/does not open/);
	flow.passphrase = 'correct horse';
	await flow.unlock();
	expect(flow.keyError).toBeNull();
	expect(flow.plan?.files.at(-1)?.path).toBe('model.sig');
	const written = flow.write(false);
	expect(host.running[0]?.order.key).toEqual({ path: LOCKED.path, passphrase: 'correct horse' });
	host.running[0]?.finish();
	await written;
	expect(flow.phase.is === 'done' && flow.phase.receipt.sealedBy).toHaveLength(64);
	expect(flow.passphrase).toBe('');
});

it('can go without the seal again', async () => {
	const { host, flow } = await begun();
	host.key = { ...LOCKED, fingerprint: '5bd0', curve: 'P-256', isLocked: false };
	await flow.pickKey();
	expect(flow.plan?.files).toHaveLength(6);
	await flow.dropKey();
	expect(flow.plan?.files).toHaveLength(5);
});
