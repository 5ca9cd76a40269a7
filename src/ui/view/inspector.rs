//! The dialog "Model and GPU": what runs, on what, in which formats; and checks to run.

use leptos::prelude::*;

use crate::protocol::{BenchReport, DeviceInfo, ModelInfo, SelfTestResult};

use super::notice::Problem;
use super::now::Now;
use super::settings::Dialog;
use super::tensors::Tensors;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::progress;
use crate::ui::state::{Chat, Phase};
use crate::ui::task::Task;
use crate::ui::words::t;

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
        <Dialog node_ref=page.inspector id="model-title" title=t!("models-open-inspector")>
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

fn row(name: String, value: impl Into<String>) -> (String, String) {
    (name, value.into())
}

#[component]
fn ModelSection(model: ModelInfo) -> impl IntoView {
    let facts = vec![
        row(t!("models-name"), model.name),
        row(t!("models-architecture"), model.architecture),
        row(t!("models-parameters"), figures::count(model.parameters)),
        row(t!("models-gpu-bytes"), figures::bytes(model.weight_bytes)),
        row(t!("models-fit-kv"), figures::bytes(model.kv_bytes)),
        row(t!("models-context-row"), t!("models-tokens", tokens = model.context)),
        row(t!("models-loaded-in"), figures::duration(model.load_ms)),
    ];
    view! {
        <h3>{t!("models-model")}</h3>
        <dl class="facts">{rows(facts)}</dl>
        <Show when={
            let some = !model.claims.is_empty();
            move || some
        }>
            <h3>{t!("models-claims")}</h3>
            <dl class="facts long">{rows(model.claims.clone())}</dl>
        </Show>
    }
}

#[component]
fn DeviceSection(device: DeviceInfo) -> impl IntoView {
    let limits = device.limits.into_iter().map(|(name, value)| (name, figures::count(value))).collect();
    let facts = vec![
        row(t!("models-adapter"), device.name),
        row(t!("models-interface"), device.backend),
        row(t!("models-kind"), device.device_type),
        row(t!("models-driver"), device.driver),
        row(
            t!("models-features"),
            if device.features.is_empty() { t!("models-none") } else { device.features.join(", ") },
        ),
    ];
    view! {
        <h3>{t!("models-gpu")}</h3>
        <dl class="facts">{rows(facts)}</dl>
        <h3>{t!("models-kernels")}</h3>
        <dl class="facts long">{rows(device.variants)}</dl>
        <h3>{t!("models-limits")}</h3>
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
        <h3>{t!("models-checks")}</h3>
        <p class="buttons">
            <button
                type="button"
                class="plain"
                disabled=disabled
                on:click=move |_| page.act(Chat::start_self_test)
            >
                {t!("models-check-kernels")}
            </button>
            <button
                type="button"
                class="plain"
                disabled=disabled
                on:click=move |_| page.act(Chat::start_bench)
            >
                {t!("models-measure")}
            </button>
        </p>
        <div role="status">
            {move || test.with(|test| task_view(test, t!("models-checking"), |r| test_view(r)))}
            {move || bench.with(|bench| task_view(bench, t!("models-measuring"), bench_view))}
        </div>
    }
}

fn task_view<T>(task: &Task<T>, running: String, done: impl Fn(&T) -> AnyView) -> AnyView {
    match task {
        Task::Idle => ().into_any(),
        Task::Running(_) => view! { <p class="pulse">{running}</p> }.into_any(),
        Task::Done(result) => done(result),
        Task::Failed(notice) => view! { <Problem notice=notice.clone() /> }.into_any(),
    }
}

fn test_view(results: &[SelfTestResult]) -> AnyView {
    let passed = results.iter().filter(|result| result.passed()).count();
    let summary = t!("models-checked", passed = passed, all = results.len());
    let lines = results
        .iter()
        .map(|result| {
            let verdict = result.failure.clone().unwrap_or_else(|| {
                let [error, allowed] =
                    [result.error, result.tolerance].map(|error| figures::point(&format!("{error:.1e}")));
                t!("models-error-of", error = error, allowed = allowed)
            });
            view! {
                <tr class:error=!result.passed()>
                    <td>{result.name.clone()}</td>
                    <td>{if result.passed() { t!("models-matches") } else { t!("models-differs") }}</td>
                    <td>{verdict}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p data-check="self-test">{summary}</p>
        <div class="table-scroll" role="region" aria-label=t!("models-kernels-checked") tabindex="0">
            <table class="listing">
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn bench_view(report: &BenchReport) -> AnyView {
    let tokens = |speed| t!("models-tokens-per-s", speed = figures::per_second(speed));
    let memory = |gb_per_s| figures::speed(gb_per_s * 1e9);
    let read = t!(
        "models-bench-read",
        speed = memory(report.read_gb_per_s),
        bytes = figures::bytes(report.bandwidth_bytes)
    );
    let mut facts = vec![
        row(t!("models-bench-prompt"), tokens(report.prefill_tokens_per_s)),
        row(t!("models-bench-memory"), read),
    ];
    for bench in &report.decode {
        facts.push((
            t!("models-bench-batch", batch = bench.batch),
            t!(
                "models-bench-reply",
                speed = tokens(bench.tokens_per_s),
                memory = memory(bench.gb_per_s),
                share = figures::per_cent(bench.bandwidth_share, 0),
                dispatches = bench.dispatches_per_step
            ),
        ));
    }
    view! { <dl class="facts long" data-check="bench">{rows(facts)}</dl> }.into_any()
}
