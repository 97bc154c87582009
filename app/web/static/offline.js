// Says when the machine has lost its network: what is on the page may be old, and forms would go nowhere.
(() => {
  const banner = document.getElementById("offline");
  const words = "You are offline. What you see may be old, and forms cannot be sent.";
  const look = () => { banner.textContent = navigator.onLine ? "" : words; };
  addEventListener("online", look);
  addEventListener("offline", look);
  look();
})();
