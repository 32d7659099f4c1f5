"""covid-chestxray: pictures of COVID-19 and other pneumonias out of publications, with a diagnosis for each case."""
