/** Files that belong to a model: dropped with it, or on its open draft. */
import { toIpcError } from '$lib/host/errors';
import type { EnvironmentFileView } from '$lib/ipc/generated/EnvironmentFileView';
import { countOf, fileNameOf } from '$lib/ui/format';
import type { Drafts, Rejection } from './drafts.svelte';
import type { Notice } from './notices.svelte';

/** What is told of a file once everything dropped with it is done: each change takes away what was told before. */
type Told = Pick<Notice, 'text'> & Partial<Notice>;

/** Offers a file to weights that lack their network, and tells when it is theirs. */
export async function giveNetwork(
	drafts: Drafts,
	id: string,
	path: string,
): Promise<{ isTaken: boolean; whyNot: string | null }> {
	const offer = await drafts.takeNetwork(id, path);
	if (offer.isTaken) {
		drafts.notices.add(id, path, {
			text: `${fileNameOf(path)} is the network of these weights.`,
			isChange: true,
		});
	}
	return offer;
}

/** Weights and their network in one drop are one draft, whichever of them was read first. */
export async function joinNetwork(
	drafts: Drafts,
	opened: readonly { path: string; id: string }[],
): Promise<boolean> {
	for (const { id: draftId } of opened) {
		for (const { path, id: otherId } of opened) {
			const weights = drafts.list.find((draft) => draft.id === draftId);
			if (weights?.wantsNetwork !== true || otherId === draftId) continue;
			if (!(await giveNetwork(drafts, draftId, path)).isTaken) continue;
			if (drafts.currentId === otherId) drafts.select(draftId);
			await drafts.close(otherId);
			return true;
		}
	}
	return false;
}

/**
 * Adds dropped code, data and environments to the draft that is shown. Without one it is no model, and its rejection says so.
 */
export async function addParts(
	drafts: Drafts,
	parts: readonly Rejection[],
): Promise<'environment' | 'signature' | null> {
	let where: 'environment' | 'signature' | null = null;
	const { currentId } = drafts;
	const told: [path: string, told: Told][] = [];
	for (const rejection of parts) {
		const { path, code } = rejection;
		if (currentId === null || path === null) {
			drafts.reject(rejection);
			continue;
		}
		const isData = code === 'dataFile';
		let error: string | null;
		if (code === 'environmentFile') {
			const taken = await takeVersions(drafts, currentId, path);
			error = typeof taken === 'string' ? taken : null;
			if (typeof taken !== 'string') told.push([path, taken]);
		} else {
			error = await drafts.edit(currentId, { kind: isData ? 'setSample' : 'addCode', path });
		}
		if (error === null) where = isData ? 'signature' : 'environment';
		else drafts.reject({ ...rejection, message: error });
	}
	if (currentId !== null) {
		for (const [path, one] of told) drafts.notices.add(currentId, path, one);
	}
	return where;
}

/** Takes every line of an environment file whose versions were taken, or none of which differed. */
export async function takeAll(drafts: Drafts, { draftId, path, id }: Notice): Promise<void> {
	const error = await drafts.importEnvironment(draftId, path, 'all');
	drafts.notices.dismiss(id);
	const text = error ?? `The lines are those of ${fileNameOf(path)} now.`;
	drafts.notices.add(draftId, path, { text, isChange: error === null });
}

/** Takes the versions of an environment file. Gives what to tell, or the reason why not. */
async function takeVersions(drafts: Drafts, id: string, path: string): Promise<Told | string> {
	try {
		const found = await drafts.readEnvironment(id, path);
		const error = found.isChange ? await drafts.importEnvironment(id, path, 'versions') : null;
		return error ?? toldOf(found);
	} catch (reason) {
		return toIpcError(reason).message;
	}
}

/** What a dropped environment file gave to a draft. */
function toldOf(found: EnvironmentFileView): Told {
	const taken = [
		...(found.nVersions > 0 ? [countOf(found.nVersions, 'version')] : []),
		...(found.python === null ? [] : [`Python ${found.python}`]),
		...(found.indexes.length > 0 ? [`${countOf(found.indexes.length, 'place')} where pip looks`] : []),
	];
	const text = found.isChange
		? `Taken from ${found.file}: ${listed(taken)}.`
		: `${found.file} changes no version of this draft.`;
	const offer = found.nLines > 0 ? `Replace all lines by its ${countOf(found.nLines, 'package')}` : null;
	return { text, details: found.leftOut, isChange: found.isChange, offer };
}

function listed(words: string[]): string {
	const last = words.at(-1) ?? 'nothing';
	return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
