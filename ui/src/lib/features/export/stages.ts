import type { ProgressView } from '$lib/ipc/generated/ProgressView';

/** What the engine does at each stage, for people. */
export const STAGES: Record<string, string> = {
	writing: 'Writing the files',
	syncing: 'Making sure that the disk has everything',
	checking: 'Reading the package back and checking it',
};

/** How far an export is, 0 to 100, rounded down: 100 only when everything is done. */
export function percentOf(progress: ProgressView): number {
	if (progress.totalBytes === 0) return 0;
	return Math.min(100, Math.floor((progress.doneBytes / progress.totalBytes) * 100));
}
