//! bench-reference ROW DIRECTORY EVENTS CALLERS BATCH: does one row of the benchmark with the reference and prints the
//! result; for rows that write also how long a call took in microseconds: median, 99 %, 99.9 %, longest.
//!
//! Durable means here an append followed by `sync`, because the reference answers an append before any flush.  Its batches
//! are on the disk when they are answered.

use batpak::coordinate::{Coordinate, Region};
use batpak::event::EventKind;
use batpak::id::{EventId, IdempotencyKey};
use batpak::store::{AppendOptions, BatchAppendItem, CausationRef, Open, ReadOnly, SigningKey, Store, StoreConfig};
use serde::{Serialize, Serializer};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

const PAYLOAD: usize = 256;
const PER_ENTITY: usize = 200;

struct Payload([u8; PAYLOAD]);

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

fn mix(seed: u64) -> u64 {
    let x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn payload(number: usize) -> Payload {
    let mut bytes = [0; PAYLOAD];
    for (i, word) in bytes.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&mix((number * PAYLOAD / 8 + i) as u64).to_le_bytes());
    }
    Payload(bytes)
}

fn id(number: usize) -> u128 {
    (u128::from(mix(number as u64)) << 64) | u128::from(mix(!(number as u64)))
}

fn coordinates(events: usize) -> Vec<Coordinate> {
    let entities = (events / PER_ENTITY).max(1);
    (0..entities)
        .map(|n| Coordinate::new(format!("entity:{n}"), "bench").expect("a good coordinate"))
        .collect()
}

type Outcome = Result<f64, Box<dyn Error>>;

fn append(store: &Store<Open>, coordinates: &[Coordinate], number: usize, keyed: bool) -> Result<(), Box<dyn Error>> {
    let mut options = AppendOptions::new();
    if keyed {
        options = options.with_idempotency(IdempotencyKey::from(id(number)));
    }
    let coordinate = &coordinates[number % coordinates.len()];
    store.append_with_options(coordinate, EventKind::custom(0xF, 1), &payload(number), options)?;
    Ok(())
}

struct Laps(Vec<f64>);

impl Laps {
    /// The end of one call is the beginning of the next.
    fn run<Call>(calls: usize, mut call: Call) -> Result<Self, Box<dyn Error>>
    where
        Call: FnMut(usize) -> Result<(), Box<dyn Error>>,
    {
        let mut laps = Vec::with_capacity(calls);
        let mut before = Instant::now();
        for number in 0..calls {
            call(number)?;
            let now = Instant::now();
            laps.push((now - before).as_secs_f64() * 1e6);
            before = now;
        }
        Ok(Laps(laps))
    }

    fn text(mut self) -> String {
        self.0.sort_by(f64::total_cmp);
        let at = |thousandth: usize| self.0[(self.0.len() * thousandth / 1000).min(self.0.len() - 1)];
        format!("{} {} {} {}", at(500), at(990), at(999), at(1000))
    }
}

type Written = Result<String, Box<dyn Error>>;

fn written(config: StoreConfig, events: usize, keyed: bool) -> Written {
    let store = Store::<Open>::open(config)?;
    let coordinates = coordinates(events);
    let start = Instant::now();
    let laps = Laps::run(events, |number| append(&store, &coordinates, number, keyed))?;
    let seconds = start.elapsed().as_secs_f64();
    store.close()?;
    Ok(format!("{} {}", events as f64 / seconds, laps.text()))
}

/// Appends, then flushes: the answer of the reference itself comes before its flush.
fn durable(directory: &str, events: usize, callers: usize) -> Written {
    let store = Store::<Open>::open(StoreConfig::new(directory))?;
    let coordinates = coordinates(events);
    let each = events / callers;
    let start = Instant::now();
    let laps: Vec<Laps> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..callers)
            .map(|caller| {
                let (store, coordinates) = (&store, &coordinates);
                scope.spawn(move || {
                    Laps::run(each, |i| {
                        append(store, coordinates, caller * each + i, false)?;
                        Ok(store.sync()?)
                    })
                    .expect("durable appends")
                })
            })
            .collect();
        shares.into_iter().map(|share| share.join().expect("a caller")).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    store.close()?;
    let all = Laps(laps.into_iter().flat_map(|laps| laps.0).collect());
    Ok(format!("{} {}", (each * callers) as f64 / seconds, all.text()))
}

fn batch(directory: &str, events: usize, batch: usize) -> Written {
    let config = StoreConfig::new(directory).with_batch_max_size(u32::try_from(batch)?);
    let store = Store::<Open>::open(config)?;
    let coordinates = coordinates(events);
    let calls = events / batch;
    let start = Instant::now();
    let laps = Laps::run(calls, |call| {
        let items = (0..batch)
            .map(|i| {
                let number = call * batch + i;
                Ok(BatchAppendItem::new(
                    coordinates[number % coordinates.len()].clone(),
                    EventKind::custom(0xF, 1),
                    &payload(number),
                    AppendOptions::new(),
                    CausationRef::None,
                )?)
            })
            .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        store.append_batch(items)?;
        Ok(())
    })?;
    let seconds = start.elapsed().as_secs_f64();
    store.close()?;
    Ok(format!("{} {}", (calls * batch) as f64 / seconds, laps.text()))
}

fn open(directory: &str) -> Result<Store<ReadOnly>, Box<dyn Error>> {
    Ok(Store::<ReadOnly>::open_read_only(StoreConfig::new(directory))?)
}

fn get(directory: &str, events: usize) -> Outcome {
    let store = open(directory)?;
    let start = Instant::now();
    for i in 0..events {
        let number = (i as u64 * 2_654_435_761 % events as u64) as usize;
        black_box(store.read_raw(EventId::from(id(number)))?);
    }
    Ok(events as f64 / start.elapsed().as_secs_f64())
}

fn read_region(store: &Store<ReadOnly>, region: &Region) -> Result<usize, Box<dyn Error>> {
    let entries = store.query(region);
    for entry in &entries {
        black_box(store.read_raw(EventId::from(entry.event_id()))?);
    }
    Ok(entries.len())
}

fn scan(directory: &str) -> Outcome {
    let store = open(directory)?;
    let start = Instant::now();
    let events = read_region(&store, &Region::all())?;
    Ok(events as f64 / start.elapsed().as_secs_f64())
}

fn replay(directory: &str, events: usize) -> Outcome {
    let store = open(directory)?;
    let coordinates = coordinates(events);
    let start = Instant::now();
    let mut total = 0;
    for coordinate in &coordinates {
        total += read_region(&store, &Region::entity(coordinate.entity()))?;
    }
    Ok(total as f64 / start.elapsed().as_secs_f64())
}

fn killed(directory: &str, events: usize) -> Outcome {
    let store = Store::<Open>::open(StoreConfig::new(directory))?;
    let coordinates = coordinates(events);
    for number in 0..events {
        append(&store, &coordinates, number, false)?;
    }
    println!("1");
    std::process::exit(0);
}

fn open_time(directory: &str) -> Outcome {
    let start = Instant::now();
    let store = Store::<Open>::open(StoreConfig::new(directory))?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    drop(store);
    Ok(milliseconds)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, row, directory, events, callers, size] = arguments.as_slice() else {
        return Err("usage: bench-reference ROW DIRECTORY EVENTS CALLERS BATCH".into());
    };
    let events: usize = events.parse()?;
    let config = StoreConfig::new(directory);
    let result = match row.as_str() {
        "durable" => durable(directory, events, callers.parse()?)?,
        "batch" => batch(directory, events, size.parse()?)?,
        "written" => written(config, events, false)?,
        "signed" => written(config.with_signing_key(SigningKey::from_bytes([7; 32])), events, false)?,
        "prepare" => written(config, events, true)?,
        "get" => get(directory, events)?.to_string(),
        "scan" => scan(directory)?.to_string(),
        "replay" => replay(directory, events)?.to_string(),
        "kill" => killed(directory, events)?.to_string(),
        "open" => open_time(directory)?.to_string(),
        other => return Err(format!("no row is called {other}").into()),
    };
    println!("{result}");
    Ok(())
}
