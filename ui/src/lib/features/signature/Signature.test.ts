import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { boosterDraft, pipelineDraft, wideDraft } from '$lib/host/fake/samples';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { SignatureView } from '$lib/ipc/generated/SignatureView';
import Signature from './Signature.svelte';

function setUp(signature: SignatureView) {
	const edit = vi.fn((request: EditRequest) =>
		Promise.resolve(request.kind === 'setColumnType' && request.type === 'binary' ? 'Not that one.' : null),
	);
	render(Signature, { signature, sample: null, example: null, edit, pickSample: () => Promise.resolve([]) });
	return { edit, user: userEvent.setup() };
}

it('shows every column with its type and its source', () => {
	setUp(pipelineDraft().signature);
	const row = within(screen.getByRole('table', { name: 'Inputs' })).getByRole('row', { name: /^age / });
	expect(within(row).getByRole('combobox', { name: 'Type of age' })).toHaveValue('double');
	expect(
		within(row).getByRole('button', { name: 'Recorded in the file as feature_names_in_.' }),
	).toBeInTheDocument();
});

it('changes a type in place', async () => {
	const { edit, user } = setUp(pipelineDraft().signature);
	await user.selectOptions(screen.getByRole('combobox', { name: 'Type of region' }), 'long');
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setColumnType',
		side: 'inputs',
		index: 5,
		type: 'long',
	});
});

it('says why a type was refused', async () => {
	const { user } = setUp(pipelineDraft().signature);
	await user.selectOptions(screen.getByRole('combobox', { name: 'Type of region' }), 'binary');
	expect(await screen.findByRole('alert')).toHaveTextContent('Not that one.');
});

it('gives a name only to what has none', async () => {
	const { edit, user } = setUp(pipelineDraft().signature);
	expect(screen.queryByRole('button', { name: /^Name of input/ })).toBeNull();
	await user.click(screen.getByRole('button', { name: 'Name of output 1: no name' }));
	await user.keyboard('label{Enter}');
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setColumnName',
		side: 'outputs',
		index: 0,
		name: 'label',
	});
});

it('lets the person say what an unknown side is, as a tensor', async () => {
	const { edit, user } = setUp(boosterDraft().signature);
	const form = within(screen.getByRole('form', { name: 'Set outputs' }));
	await user.selectOptions(form.getByRole('combobox', { name: 'Type' }), 'float32');
	const shape = form.getByRole('textbox', { name: /Shape/ });
	await user.clear(shape);
	await user.type(shape, '-1, 2');
	await user.click(form.getByRole('button', { name: 'Set outputs' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setSchema',
		side: 'outputs',
		names: [],
		type: 'float32',
		shape: [-1, 2],
	});
});

it('takes pasted column names and refuses repeated ones', async () => {
	const { edit, user } = setUp(boosterDraft().signature);
	const form = within(screen.getByRole('form', { name: 'Set outputs' }));
	await user.click(form.getByRole('radio', { name: 'Columns of a table' }));
	const names = form.getByRole('textbox', { name: /Column names/ });
	await user.click(names);
	await user.paste('score,score');
	await user.click(form.getByRole('button', { name: 'Set outputs' }));
	expect(form.getByRole('alert')).toHaveTextContent('These names stand more than once: score.');
	await user.clear(names);
	await user.paste('score,reason');
	await user.click(form.getByRole('button', { name: 'Set outputs' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setSchema',
		side: 'outputs',
		names: ['score', 'reason'],
		type: 'double',
		shape: [],
	});
});

it('refuses a shape that is none', async () => {
	const { edit, user } = setUp(boosterDraft().signature);
	const form = within(screen.getByRole('form', { name: 'Set outputs' }));
	await user.type(form.getByRole('textbox', { name: /Shape/ }), 'x');
	await user.click(form.getByRole('button', { name: 'Set outputs' }));
	expect(form.getByRole('alert')).toHaveTextContent('A shape is a list of lengths');
	expect(edit).not.toHaveBeenCalled();
});

it('marks what the person set and takes it back', async () => {
	const { signature } = pipelineDraft();
	const [first, ...others] = signature.inputs.columns;
	if (first === undefined) throw new Error('the sample has columns');
	const columns = [{ ...first, type: 'long', source: 'you', edited: true }, ...others];
	const { edit, user } = setUp({ ...signature, inputs: { kind: 'columns', columns, edited: true } });
	expect(screen.getByRole('button', { name: 'Set by you.' })).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Reset inputs' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith({ kind: 'resetSchema', side: 'inputs' });
});

it('draws only the rows in view of 500 columns and still counts them all', () => {
	setUp(wideDraft().signature);
	const table = screen.getByRole('table', { name: 'Inputs' });
	expect(table).toHaveAttribute('aria-rowcount', '501');
	expect(within(table).getAllByRole('row').length).toBeLessThan(120);
});

it('adds, moves and takes out rows, and changes whether one is needed', async () => {
	const { edit, user } = setUp(pipelineDraft().signature);
	await user.click(screen.getByRole('button', { name: 'Move age down' }));
	await user.click(screen.getByRole('button', { name: 'Take region out' }));
	await user.selectOptions(screen.getByRole('combobox', { name: 'Whether age is needed' }), 'optional');
	await user.type(screen.getByRole('textbox', { name: 'Name of a new input' }), 'tags{Enter}');
	expect(edit.mock.calls.map(([request]) => request)).toEqual([
		{ kind: 'moveColumn', side: 'inputs', from: 0, to: 1 },
		{ kind: 'removeColumn', side: 'inputs', index: 5 },
		{ kind: 'setRequired', side: 'inputs', index: 0, isRequired: false },
		{ kind: 'addColumn', side: 'inputs', name: 'tags', type: 'double' },
	]);
});

it('says at the cell what breaks callers and offers the better type', async () => {
	const { signature } = pipelineDraft();
	const [first, ...others] = signature.inputs.columns;
	if (first === undefined) throw new Error('a column');
	const advice = [{ text: 'A missing value is refused.', better: 'double' }];
	const columns = [{ ...first, type: 'long', advice }, ...others];
	const { edit, user } = setUp({ ...signature, inputs: { ...signature.inputs, columns } });
	await user.click(screen.getByRole('button', { name: 'Use double for age. A missing value is refused.' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith({
		kind: 'setColumnType',
		side: 'inputs',
		index: 0,
		type: 'double',
	});
});
