/** Endings of files that can only be data. JSON and NumPy files may be models too: what they are shows when they are read. */
const DATA = /\.(csv|tsv|tab|parquet|pq|arrow|arrows|feather|ipc|jsonl|ndjson|npy)$/i;

/** Whether a path is a data file by its name. */
export function isDataFile(path: string): boolean {
	return DATA.test(path);
}
