//! Attention of each row over its block table, the context cut into splits that run side by side
//! (flash-decoding); [`super::attention_merge`] joins them. All query heads of a KV head share its reads, and
//! so do rows whose block tables agree in a split: the tokens of a prompt chunk, branches with one prefix.

use bytemuck::{Pod, Zeroable};

use super::attention_serial::{self, Attention, PAGE_WGSL};
use super::step::{Heads, PAGE, ROW_WGSL, Row, TableEntry};
use super::{attention_merge, check, source};
use crate::gpu::{Extent, Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;

pub use super::attention_serial::reference;

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/attention.wgsl");

/// Block-table entries that the bounds of splits are multiples of.
const TILE_ENTRIES: usize = 8;

/// Queries of one piece of work at most: 64 scores of each fit the 16 KiB of workgroup memory every device has.
const MOST_QUERIES: usize = 60;

/// Rows of one piece of work at most.
pub const MOST_ROWS: usize = 8;

/// Splits at most: the partial results of 16 rows with 28 heads then take 30 MB. Below it a split has 128 tokens, so
/// that branches share all but the last of their prefix's.
const MAX_SPLITS: usize = 128;

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    heads: u32,
    kv_heads: u32,
    half_dim: u32,
    q_stride: u32,
    scale: f32,
    splits: u32,
    entries_per_split: u32,
}

/// How a context is cut; fixed for a model, so that a sequence's sums do not depend on its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Splits {
    /// Splits of the longest context.
    pub count: usize,
    /// Block-table entries of one split.
    pub entries: usize,
}

impl Splits {
    /// For block tables of at most `max_entries`.
    pub fn new(max_entries: usize) -> Self {
        let count = max_entries.div_ceil(TILE_ENTRIES).clamp(1, MAX_SPLITS);
        let entries = max_entries.div_ceil(count).next_multiple_of(TILE_ENTRIES);
        Self { count: max_entries.div_ceil(entries).max(1), entries }
    }

    /// Shape of the partial results for `rows`: [T, H, splits, 2 + D].
    pub fn partial_dims(&self, heads: &Heads, rows: usize) -> [usize; 4] {
        [rows, heads.heads, self.count, 2 + heads.head_dim]
    }
}

/// One piece of work: a split of the context that some rows have in common; the twin of the shader's `Work`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Work {
    split: u32,
    /// First entry of the block table to read, of any of the rows.
    table: u32,
    /// Entries of that table up to the end of the split.
    entries: u32,
    count: u32,
    rows: [u32; MOST_ROWS],
}

impl Work {
    /// Entries of the block table that it reads.
    pub fn entries_read(&self, splits: Splits) -> usize {
        self.entries as usize - self.split as usize * splits.entries
    }
}

/// Words of a [`Work`].
pub const WORK_WORDS: usize = size_of::<Work>() / 4;

/// Rows that one piece of work may have: as many as registers and workgroup memory hold.
pub fn rows_per_work(heads: &Heads) -> usize {
    let queries = heads.heads / heads.kv_heads;
    (MOST_QUERIES / (queries * pairs(heads))).clamp(1, MOST_ROWS)
}

/// Pairs of elements that one of 64 invocations sums.
fn pairs(heads: &Heads) -> usize {
    (heads.head_dim / 2).div_ceil(64)
}

/// Cuts the attention of a step into pieces: for each split the rows whose entries there are the same, up to
/// `most` together. `table` are the block tables of all sequences. Rows without entries have no work.
pub fn work_list(rows: &[Row], table: &[TableEntry], splits: Splits, most: usize) -> Vec<Work> {
    let longest = rows.iter().map(|row| row.entries as usize).max().unwrap_or(0);
    let mut list: Vec<Work> = Vec::new();
    for split in 0..longest.div_ceil(splits.entries) {
        let first_of_split = list.len();
        let first = split * splits.entries;
        let entries_of =
            |table_start: u32, end: u32| &table[table_start as usize + first..(table_start + end) as usize];
        for (row, index) in rows.iter().zip(0u32..) {
            let end = row.entries.min((first + splits.entries) as u32);
            if end as usize <= first {
                continue;
            }
            let joins = |work: &&mut Work| {
                (work.count as usize) < most
                    && work.entries == end
                    && (work.table == row.table || entries_of(work.table, end) == entries_of(row.table, end))
            };
            // Rows of one sequence come one after the other: the newest piece is the likeliest.
            if let Some(work) = list[first_of_split..].iter_mut().rev().find(joins) {
                work.rows[work.count as usize] = index;
                work.count += 1;
            } else {
                let mut members = [0; MOST_ROWS];
                members[0] = index;
                list.push(Work {
                    split: split as u32,
                    table: row.table,
                    entries: end,
                    count: 1,
                    rows: members,
                });
            }
        }
    }
    list
}

/// The whole text, for at most `rows` rows a piece of work.
pub fn text(heads: &Heads, rows: usize) -> String {
    let group = heads.heads / heads.kv_heads;
    let mut text = [SHADER, ROW_WGSL, PAGE_WGSL].concat();
    let (queries, pairs) = (rows * group, pairs(heads));
    for (name, value) in [("HEADS", group), ("ROWS", rows), ("QUERIES", queries), ("PAIRS", pairs)] {
        text = text.replace(&format!("const {name}: u32 = 1u;"), &format!("const {name}: u32 = {value}u;"));
    }
    source::unroll(&text, &[("HEADS", group), ("ROWS", rows), ("PAIRS", pairs)])
}

/// Records attention of every row, at most `rows`, by the pieces of `work` ([`work_list`] with `share` rows a
/// piece; their number is given when the plan is replayed); `partial` as [`Splits::partial_dims`], and the merge
/// into `io.out`.
pub fn record(
    r: &mut Recorder<'_>,
    heads: &Heads,
    splits: Splits,
    io: Attention<'_>,
    (work, share): (&Tensor, usize),
    partial: &Tensor,
    rows: usize,
) {
    assert!(heads.head_dim <= 256, "attention: head_dim {} is more than 256", heads.head_dim);
    assert!(share <= rows_per_work(heads), "attention: {share} rows a piece of work");
    assert!(partial.len() >= splits.partial_dims(heads, rows).iter().product(), "attention: partial");
    let kernel = r.gpu().kernel("attention", &text(heads, share), &[heads.kv_override()]);
    let params = Params {
        heads: heads.heads as u32,
        kv_heads: heads.kv_heads as u32,
        half_dim: heads.head_dim as u32 / 2,
        q_stride: io.q.dims()[1] as u32,
        scale: attention_serial::scale(heads),
        splits: splits.count as u32,
        entries_per_split: splits.entries as u32,
    };
    let tensors = [io.q, io.kv, io.steps, io.table, work, partial];
    r.dispatch(&kernel, &tensors, &params, Grid::by_work(1, heads.kv_heads));
    attention_merge::record(r, heads, splits, partial, io.steps, io.out);
}

/// Runs one size against [`reference`], merge included; a row for each of `lengths`, up to `share` of them
/// together.
pub async fn check(gpu: &Gpu, heads: Heads, lengths: &[usize], share: usize) -> SelfTestResult {
    let scene = attention_serial::Scene::new(&heads, lengths);
    let ([q, kv, steps, table, out], stride) = attention_serial::upload(gpu, &heads, &scene);
    let longest = scene.rows.iter().map(|row| row.entries as usize).max().unwrap_or(1);
    let splits = Splits::new(longest.max(3 * PAGE));
    let rows = lengths.len();
    let list = work_list(&scene.rows, &scene.table, splits, share);
    let work = gpu.upload("work", &list, &[list.len(), WORK_WORDS]);
    let partial = gpu.zeros("partial", &splits.partial_dims(&heads, rows));
    let io = Attention { q: &q, kv: &kv, steps: &steps, table: &table, out: &out };
    let record = |r: &mut Recorder<'_>| record(r, &heads, splits, io, (&work, share), &partial, rows);
    let pick = |v: &[f32]| check::without_padding(v, stride, heads.heads * heads.head_dim, rows);
    let name = format!("attention {heads:?} {lengths:?} share {share}");
    let extent = Extent { rows, work: list.len() };
    let case = check::Case { name, tolerance: attention_serial::TOLERANCE, extent };
    check::check(gpu, case, &[&out], record, pick, &scene.want).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::KvType;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for (heads, kv_heads, head_dim, lengths) in attention_serial::CASES {
            for kv in [KvType::F32, KvType::F16] {
                let heads = Heads { heads, kv_heads, head_dim, kv };
                for share in [1, rows_per_work(&heads)] {
                    results.push(pollster::block_on(check(&gpu, heads, lengths, share)));
                }
            }
        }
        check::testing::assert_passed(&results);
    }

    #[test]
    fn rows_share_what_they_have_in_common() {
        let splits = Splits { count: 4, entries: 8 };
        // Two branches of 20 entries that part after 17, a row in the middle of the first, and a stranger.
        let branch = |last: u32| {
            (0..20).map(move |e| TableEntry::new(if e < 17 { e } else { last + e }, 16, 16 * e as usize))
        };
        let stranger = (0..9).map(|e| TableEntry::new(70 + e, 16, 16 * e as usize));
        let table: Vec<TableEntry> = branch(20).chain(branch(40)).chain(stranger).collect();
        let row = |table, entries, position| Row { position, table, entries, ..Row::IDLE };
        let rows = [row(0, 20, 319), row(20, 20, 319), row(0, 20, 100), row(40, 9, 140), Row::IDLE];
        let list = work_list(&rows, &table, splits, 8);
        let got: Vec<(u32, u32, Vec<u32>)> = list
            .iter()
            .map(|work| (work.split, work.entries, work.rows[..work.count as usize].to_vec()))
            .collect();
        let want = [
            (0, 8, vec![0, 1, 2]),
            (0, 8, vec![3]),
            (1, 16, vec![0, 1, 2]),
            (1, 9, vec![3]),
            (2, 20, vec![0, 2]),
            (2, 20, vec![1]),
        ];
        assert_eq!(got, want);
        let alone = work_list(&rows, &table, splits, 1);
        assert_eq!(alone.len(), 3 * 3 + 2);
    }

    #[test]
    fn eight_branches_read_less_than_a_quarter_of_what_each_alone_would() {
        // A prefix of 2,000 tokens, 100 tokens of its own for each branch, a context of 8192.
        let splits = Splits::new(2 * 8192 / PAGE);
        let (shared, own) = (125, 7);
        let entry = |branch: u32, e: u32| {
            let page = if e < shared { e } else { 1000 * (branch + 1) + e };
            TableEntry::new(page, PAGE, PAGE * e as usize)
        };
        let table: Vec<TableEntry> =
            (0..8).flat_map(|branch| (0..shared + own).map(move |e| entry(branch, e))).collect();
        let row = |branch: u32| Row {
            table: branch * (shared + own),
            entries: shared + own,
            position: 16 * (shared + own) - 1,
            ..Row::IDLE
        };
        let rows: Vec<Row> = (0..8).map(row).collect();
        let read = |most: usize| -> usize {
            let list = work_list(&rows, &table, splits, most);
            list.iter().map(|work| work.entries_read(splits)).sum()
        };
        assert_eq!(read(1), 8 * 132);
        assert!(4 * read(8) < read(1), "{} of {}", read(8), read(1));
    }

    #[test]
    fn splits_cover_every_entry() {
        for entries in [1, 7, 8, 9, 100, 256, 2048, 5000] {
            let splits = Splits::new(entries);
            assert!(splits.count * splits.entries >= entries, "{splits:?} for {entries}");
            assert!(splits.count <= MAX_SPLITS && splits.entries.is_multiple_of(TILE_ENTRIES));
        }
    }
}
