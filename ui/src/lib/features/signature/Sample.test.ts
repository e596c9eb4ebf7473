import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { EditRequest } from '$lib/ipc/generated/EditRequest';
import type { SampleView } from '$lib/ipc/generated/SampleView';
import Sample from './Sample.svelte';

const sample: SampleView = {
	fileName: 'customers.csv',
	path: '/home/ada/customers.csv',
	format: 'CSV',
	reader: 'pandas.read_csv',
	isWhole: true,
	size: '2 rows, 1 column',
	notes: ['Only the first rows were read.'],
	columns: [
		{
			name: 'churned',
			dtype: 'int64',
			type: 'long',
			values: '0, 1',
			nMissing: 1,
			role: 'ignored',
			roleSource: 'the model has no input of this name',
		},
	],
	differences: [{ column: 'age', text: 'The model takes it, and customers.csv has no such column.' }],
};

it('marks what a column is, and shows what was read and what differs', async () => {
	const edit = vi.fn((request: EditRequest) => Promise.resolve(request.kind === 'setName' ? 'no' : null));
	render(Sample, { sample, edit, pick: () => Promise.resolve([]) });
	expect(screen.getByText('0, 1 · 1 missing')).toBeInTheDocument();
	expect(screen.getByText('Only the first rows were read.')).toBeInTheDocument();
	expect(screen.getByText(/has no such column/)).toBeInTheDocument();
	await userEvent.setup().selectOptions(screen.getByRole('combobox', { name: 'Role of churned' }), 'target');
	expect(edit).toHaveBeenCalledExactlyOnceWith({ kind: 'markColumn', name: 'churned', role: 'target' });
});

it('asks for a data file where there is none', async () => {
	const edit = vi.fn(() => Promise.resolve('that is no data file'));
	render(Sample, { sample: null, edit, pick: () => Promise.resolve(['/home/ada/rows.csv']) });
	await userEvent.setup().click(screen.getByRole('button', { name: 'Add sample data…' }));
	expect(edit).toHaveBeenCalledExactlyOnceWith({ kind: 'setSample', path: '/home/ada/rows.csv' });
	expect(await screen.findByRole('alert')).toHaveTextContent('that is no data file');
});
