// What Solara's page lacks for who zooms in, or listens: it forbids the one and names no language.
document.documentElement.lang = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "nl";
document.querySelector('meta[name="viewport"]').setAttribute("content", "width=device-width, initial-scale=1");
