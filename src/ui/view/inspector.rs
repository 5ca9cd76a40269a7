//! The dialog "Model and GPU": what runs, on what, in which formats; and checks to run.

use leptos::prelude::*;

use crate::protocol::{BenchReport, DeviceInfo, ModelInfo, SelfTestResult};

use super::now::Now;
use super::settings::Dialog;
use super::tensors::Tensors;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::progress;
use crate::ui::state::{Chat, Phase};
use crate::ui::task::Task;

/// The dialog.
#[component]
pub fn Inspector() -> impl IntoView {
    let page = page();
    let device = move || page.chat.with(|chat| chat.device.clone());
    let model = move || page.chat.with(|chat| chat.model.clone());
    // Arcs change only when a model is loaded; tokens do not touch them.
    let device = Memo::new(move |_| device());
    let model = Memo::new(move |_| model());
    view! {
        <Dialog node_ref=page.inspector id="model-title" title="Model and GPU">
            <p class="quiet-text">{move || page.chat.with(|chat| progress::sentence(chat.phase))}</p>
            {move || model.get().map(|model| view! { <ModelSection model=(*model).clone() /> })}
            <Now />
            {move || device.get().map(|device| view! { <DeviceSection device=(*device).clone() /> })}
            <Show when=move || model.with(Option::is_some)>
                <Checks />
            </Show>
            {move || model.get().map(|model| view! { <Tensors tensors=model.tensors.clone() /> })}
        </Dialog>
    }
}

/// Rows of a definition list.
fn rows(rows: Vec<(String, String)>) -> impl IntoView {
    rows.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view()
}

fn row(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

#[component]
fn ModelSection(model: ModelInfo) -> impl IntoView {
    let facts = vec![
        row("Name", model.name),
        row("Architecture", model.architecture),
        row("Weights", figures::count(model.parameters)),
        row("On the GPU", figures::bytes(model.weight_bytes)),
        row("Keys and values", figures::bytes(model.kv_bytes)),
        row("Context", format!("{} tokens", figures::count(model.context as u64))),
        row("Loaded in", figures::duration(model.load_ms)),
    ];
    view! {
        <h3>"Model"</h3>
        <dl class="facts">{rows(facts)}</dl>
        <Show when={
            let some = !model.claims.is_empty();
            move || some
        }>
            <h3>"What its file says"</h3>
            <dl class="facts long">{rows(model.claims.clone())}</dl>
        </Show>
    }
}

#[component]
fn DeviceSection(device: DeviceInfo) -> impl IntoView {
    let limits = device.limits.into_iter().map(|(name, value)| (name, figures::count(value))).collect();
    let facts = vec![
        row("Adapter", device.name),
        row("Interface", device.backend),
        row("Kind", device.device_type),
        row("Driver", device.driver),
        row(
            "Features in use",
            if device.features.is_empty() { "none".into() } else { device.features.join(", ") },
        ),
    ];
    view! {
        <h3>"GPU"</h3>
        <dl class="facts">{rows(facts)}</dl>
        <h3>"Kernels"</h3>
        <dl class="facts long">{rows(device.variants)}</dl>
        <h3>"Limits"</h3>
        <dl class="facts long">{rows(limits)}</dl>
    }
}

/// The two buttons that set the engine to work on itself.
#[component]
fn Checks() -> impl IntoView {
    let page = page();
    let test = Memo::new(move |_| page.chat.with(|chat| chat.self_test.clone()));
    let bench = Memo::new(move |_| page.chat.with(|chat| chat.bench.clone()));
    let ready = Memo::new(move |_| page.chat.with(|chat| chat.phase == Phase::Ready && !chat.is_busy()));
    let running =
        move || test.with(|t| matches!(t, Task::Running(_))) || bench.with(|b| matches!(b, Task::Running(_)));
    let disabled = move || !ready.get() || running();
    view! {
        <h3>"Checks"</h3>
        <p class="buttons">
            <button
                type="button"
                class="plain"
                disabled=disabled
                on:click=move |_| page.act(Chat::start_self_test)
            >
                "Check the kernels"
            </button>
            <button
                type="button"
                class="plain"
                disabled=disabled
                on:click=move |_| page.act(Chat::start_bench)
            >
                "Measure the speed"
            </button>
        </p>
        <div role="status">
            {move || test.with(|test| task_view(test, "Every kernel is held against its reference…", |r| test_view(r)))}
            {move || bench.with(|bench| task_view(bench, "Measuring…", bench_view))}
        </div>
    }
}

fn task_view<T>(task: &Task<T>, running: &'static str, done: impl Fn(&T) -> AnyView) -> AnyView {
    match task {
        Task::Idle => ().into_any(),
        Task::Running(_) => view! { <p class="pulse">{running}</p> }.into_any(),
        Task::Done(result) => done(result),
        Task::Failed(message) => view! { <p class="error">{message.clone()}</p> }.into_any(),
    }
}

fn test_view(results: &[SelfTestResult]) -> AnyView {
    let passed = results.iter().filter(|result| result.passed()).count();
    let summary = format!("{passed} of {} kernels match their reference.", results.len());
    let lines = results
        .iter()
        .map(|result| {
            let verdict = result.failure.clone().unwrap_or_else(|| {
                format!("error {:.1e}, at most {:.1e} allowed", result.error, result.tolerance)
            });
            view! {
                <tr class:error=!result.passed()>
                    <td>{result.name.clone()}</td>
                    <td>{if result.passed() { "matches" } else { "differs" }}</td>
                    <td>{verdict}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p data-check="self-test">{summary}</p>
        <div class="table-scroll" role="region" aria-label="Kernels checked" tabindex="0">
            <table class="listing">
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn bench_view(report: &BenchReport) -> AnyView {
    let mut facts = vec![
        row("Prompt", format!("{} tokens/s", figures::per_second(report.prefill_tokens_per_s))),
        row(
            "Memory",
            format!("{:.1} GB/s reading {}", report.read_gb_per_s, figures::bytes(report.bandwidth_bytes)),
        ),
    ];
    for bench in &report.decode {
        facts.push((
            format!("Replies, {} at once", bench.batch),
            format!(
                "{} tokens/s, {:.1} GB/s ({:.0} % of memory), {} dispatches a step",
                figures::per_second(bench.tokens_per_s),
                bench.gb_per_s,
                bench.bandwidth_share * 100.0,
                bench.dispatches_per_step
            ),
        ));
    }
    view! { <dl class="facts long" data-check="bench">{rows(facts)}</dl> }.into_any()
}
