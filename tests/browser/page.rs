//! What holds for every page: it can be used by everybody, it fits its window, and it loads nothing from elsewhere.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use thirtyfour::{WebDriver, error::WebDriverResult};

/// Sentences about what is wrong; none if all is well. `address` is where the portal is.
pub(crate) async fn faults(browser: &WebDriver, address: &str) -> WebDriverResult<Vec<String>> {
    let mut faults: Vec<String> = browser.execute(include_str!("page.js"), []).await?.convert()?;
    let requests = browser.get_log("performance").await?;
    let urls = requests.iter().filter_map(|entry| requested(&entry.message));
    faults.extend(urls.filter(|url| !url.starts_with(address)).map(|url| format!("it asked for {url}")));
    // An answer of 403 or 422 is no fault of a page; a script that fails or a broken policy is.
    let messages = browser.browser_log().await?;
    let said = messages.into_iter().filter(|entry| entry.source.as_deref() != Some("network"));
    faults.extend(said.map(|entry| format!("the browser says: {}", entry.message)));
    Ok(faults)
}

/// The address of a request, if that is what the browser noted here.
fn requested(message: &str) -> Option<String> {
    let noted: Value = serde_json::from_str(message).ok()?;
    let what = noted.pointer("/message/method")?;
    let url = noted.pointer("/message/params/request/url").filter(|_| what == "Network.requestWillBeSent")?;
    url.as_str().map(str::to_owned)
}

/// The whole page as a picture, below the edge of the window, too.
pub(crate) async fn picture(browser: &WebDriver) -> WebDriverResult<Vec<u8>> {
    let wanted = json!({ "format": "png", "captureBeyondViewport": true, "optimizeForSpeed": true });
    let answer = browser.cdp().send_raw("Page.captureScreenshot", wanted).await?;
    let text = answer["data"].as_str().unwrap_or_default();
    Ok(Base64::decode_vec(text).expect("Chromium sends base64"))
}
