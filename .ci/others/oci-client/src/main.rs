//! Pushes files as layers with the crate oci-client, and pulls them.
//!
//! Usage: oci-client-push push|pull REFERENCE USER PASSWORD FILE...

use std::fs;

use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

const LAYER: &str = "application/vnd.example.layer";

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, command, reference, user, password, files @ ..] = &args[..] else {
        panic!("usage: oci-client-push push|pull REFERENCE USER PASSWORD FILE...");
    };
    let reference: Reference = reference.parse().expect("a reference");
    let auth = RegistryAuth::Basic(user.clone(), password.clone());
    let client = Client::new(ClientConfig {
        protocol: ClientProtocol::Http,
        ..Default::default()
    });
    if command == "push" {
        let layers: Vec<ImageLayer> = files
            .iter()
            .map(|file| ImageLayer::new(fs::read(file).expect(file), LAYER.into(), None))
            .collect();
        let config = Config::new("{}", "application/vnd.example.config+json".into(), None);
        client.push(&reference, &layers, config, &auth, None).await.expect("a push");
    } else {
        let image = client.pull(&reference, &auth, vec![LAYER]).await.expect("a pull");
        for (layer, file) in image.layers.iter().zip(files) {
            fs::write(file, &layer.data).expect(file);
        }
    }
}
