import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { pipelineStructure } from '$lib/host/fake/samples';
import type { StructureView } from '$lib/ipc/generated/StructureView';
import type { TensorView } from '$lib/ipc/generated/TensorView';
import Structure from './Structure.svelte';

const tensor: TensorView = {
	name: 'body.weight',
	dtype: 'float32',
	shape: '[8, 4]',
	nElements: 32,
	sizeBytes: 128,
	isParameter: true,
};

async function show(structures: StructureView[], tensors: TensorView[] = []) {
	const copyText = vi.fn(() => Promise.resolve());
	const sum = tensors.length === 0 ? null : { n: tensors.length, nElements: 32, sizeBytes: 128 };
	render(Structure, {
		sum,
		listStructure: () => Promise.resolve(structures),
		listTensors: () => Promise.resolve(tensors),
		copyText,
	});
	await screen.findByRole('button', { name: 'Copy all as a table' });
	return { copyText, user: userEvent.setup() };
}

const layers = (n: number): StructureView => ({
	kind: 'layers',
	rows: Array.from({ length: n }, (_, at) => ({
		depth: at === 0 ? 0 : 1,
		name: at === 0 ? '' : `layer_${at}`,
		class: 'Dense',
		path: 'keras.layers.Dense',
		detail: null,
		output: 'batch × 8',
		nParameters: 40,
		sizeBytes: 160,
		hidden: 0,
	})),
	hidden: 0,
});

it('is one tab stop in which the arrows move, close and open, and Ctrl+C copies', async () => {
	const { copyText, user } = await show([pipelineStructure()]);
	const grid = screen.getByRole('treegrid', { name: 'Steps' });
	grid.focus();
	const active = () => document.getElementById(grid.getAttribute('aria-activedescendant') ?? '');
	expect(active()).toHaveTextContent('Pipeline');
	await user.keyboard('{ArrowDown}');
	expect(active()).toHaveTextContent('prepare');
	expect(active()).toHaveAttribute('aria-level', '2');
	await user.keyboard('{ArrowLeft}');
	expect(active()).toHaveAttribute('aria-expanded', 'false');
	expect(screen.queryByText('numbers')).not.toBeInTheDocument();
	await user.keyboard('{ArrowRight}{ArrowRight}');
	expect(active()).toHaveTextContent('numbers');
	await user.keyboard('{ArrowLeft}');
	expect(active()).toHaveTextContent('prepare');
	await user.keyboard('mo');
	expect(active()).toHaveTextContent('model');
	await user.keyboard('{Home}{End}');
	expect(active()).toHaveTextContent('model');
	await user.keyboard('{Control>}c{/Control}');
	expect(copyText).toHaveBeenCalledWith('model\tRandomForestClassifier\t200 trees\t\t\t');
});

it('filters, says how much is left, and Escape clears', async () => {
	const { user } = await show([layers(30)]);
	const field = screen.getByRole('searchbox', { name: 'Search the structure' });
	await user.type(field, 'layer_12');
	const grid = screen.getByRole('treegrid', { name: 'Layers' });
	expect(within(grid).getAllByRole('row')).toHaveLength(3);
	expect(screen.getByText('layer_12', { selector: 'mark' })).toBeInTheDocument();
	expect(screen.getByText(/^1 of 30 layers$/)).toHaveRole('status');
	await user.type(field, 'x');
	expect(screen.getByText('Nothing here is called that.')).toBeInTheDocument();
	await user.keyboard('{Escape}');
	expect(field).toHaveValue('');
});

it('has the layers and the tensors to choose from, and draws of 20,000 rows those in view', async () => {
	const { copyText, user } = await show([layers(20_000)], [tensor]);
	expect(screen.getAllByRole('row').length).toBeLessThan(200);
	await user.click(screen.getByRole('radio', { name: 'Tensors' }));
	expect(screen.getByRole('table', { name: 'Tensors' })).toBeInTheDocument();
	await user.click(screen.getByRole('button', { name: 'Copy all as a table' }));
	expect(copyText).toHaveBeenCalledWith('name\ttype\tshape\tbytes\nbody.weight\tfloat32\t[8, 4]\t128');
});

it('says that groups come from names, and shows no switch where there is no choice', async () => {
	await show([{ ...layers(3), kind: 'names' }]);
	expect(screen.getByText(/the file does not say what the layers are/)).toBeInTheDocument();
	expect(screen.queryByRole('radio')).not.toBeInTheDocument();
});

it('says when the structure could not be read', async () => {
	render(Structure, {
		sum: null,
		listStructure: () => Promise.reject(new Error('gone')),
		listTensors: () => Promise.resolve([]),
		copyText: () => Promise.resolve(),
	});
	expect(await screen.findByRole('alert')).toHaveTextContent('could not be read');
});
